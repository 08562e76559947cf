import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** How a child ended, and what it said last. Never rejects. */
export interface ChildEnd {
  /** 0 is well; undefined: it was killed, or could not start. */
  readonly code: number | undefined
  /** Its last line on stderr, or else how it ended. */
  readonly words: string
}

/** To be called at once after the spawn. Its stderr has to be a pipe, and is read here. */
export async function endOf(child: ChildProcess): Promise<ChildEnd> {
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4096)))
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    const how = signal === null ? `exit code ${String(code)}` : `signal ${signal}`
    const last = stderr.trim().split('\n').at(-1) ?? ''
    return { code: code ?? undefined, words: last === '' ? how : last }
  } catch (error) {
    return { code: undefined, words: error instanceof Error ? error.message : String(error) }
  }
}
