import type { Io } from '../../lib/io.ts'
import type { ControlClient } from '../supervisor/control-client.ts'
import type { Stack } from '../stack/model.ts'

/** What a console is given: a run to show, and the signal that ends the showing. */
export interface ConsoleContext {
  readonly stack: Stack
  /** Absolute path of the file that the top half follows, if the stack names one. */
  readonly transcript: string | undefined
  /** Of the page, if the stack names one. */
  readonly address: string | undefined
  /** It started the run: its end ends the run. One that only joined leaves, with Ctrl-C too. */
  readonly owner: boolean
  /** Resolves once the supervisor answers; rejects if it never will. */
  readonly client: Promise<ControlClient>
  readonly io: Io
}

/**
 * Shows a run until it ends, the user leaves, or `io.signal` aborts. A console renders; it neither starts nor stops
 * anything but what shows it, and the terminal is as it was when this resolves.
 */
export type Console = (context: ConsoleContext) => Promise<void>
