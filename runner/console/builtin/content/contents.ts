import { join } from 'node:path'
import { eventLine, panesOf } from '../../../supervisor/event-lines.ts'
import type { OutputPiece, SupervisorEvent } from '../../../supervisor/events.ts'
import { LogReader } from '../../../supervisor/log-reader.ts'
import type { Stack } from '../../../stack/model.ts'
import type { State } from '../state.ts'
import type { Event } from '../step.ts'
import { PaneContent } from './pane-content.ts'
import { PlainFile } from './plain-file.ts'
import { watchGrowth } from './watch-growth.ts'

/** The contents of all panes, and what goes into which. */
export class Contents {
  readonly #stack: Stack
  readonly #panes: readonly PaneContent[]
  readonly #names: readonly string[]
  readonly #readers: readonly { close(): void }[]
  readonly #stopWatching: () => void
  #seen: readonly { position: object; found: object | undefined }[] = []

  constructor(options: {
    readonly stack: Stack
    readonly transcript: string | undefined
    readonly state: State
    /** There is something new to draw. */
    readonly wake: () => void
    readonly onError: (error: unknown) => void
  }) {
    const { stack, transcript, state, wake, onError } = options
    this.#stack = stack
    const readers = new Map(
      Object.keys(stack.services).map(name => [name, new LogReader(join(stack.home, 'logs'), name)]),
    )
    const spoken = transcript === undefined ? undefined : new PlainFile(transcript)
    this.#readers = [...readers.values(), ...(spoken === undefined ? [] : [spoken])]
    this.#panes = state.panes.map(pane => {
      const sources = pane.services.flatMap(service => {
        const log = readers.get(service)
        return log === undefined ? [] : [{ service, log }]
      })
      const isSpoken = pane.kind === 'transcript' && spoken !== undefined
      const given = isSpoken ? [{ service: 'transcript', log: spoken }] : sources
      return new PaneContent(pane, given, wake, onError)
    })
    // Panes of the stack by their keys; the transcript and the merged log are none of its.
    const keys = Object.keys(stack.panes)
    this.#names = state.panes.map(({ kind }) => (kind === 'services' ? (keys.shift() ?? '') : ''))
    this.#stopWatching = transcript === undefined ? () => undefined : watchGrowth(transcript, wake)
  }

  pane(index: number): PaneContent | undefined {
    return this.#panes[index]
  }

  happened(event: SupervisorEvent): void {
    if (event.type === 'output') this.#grown(event.pieces)
    else if (event.type === 'hello') this.#begin(event)
    else this.#tell(event, (pane, text) => pane.told(event.at, text))
  }

  /** What has changed in the panes beside what they show, since the last call. */
  news(): Event[] {
    const now = this.#panes.map(({ position, found }) => ({ position, found }))
    const events = now.flatMap(({ position, found }, pane): Event[] => {
      const seen = this.#seen[pane]
      const events: Event[] = []
      if (!same(seen?.position, position)) events.push({ type: 'position', pane, position })
      if (!same(seen?.found, found)) events.push({ type: 'found', pane, found })
      return events
    })
    this.#seen = now
    return events
  }

  close(): void {
    this.#stopWatching()
    for (const pane of this.#panes) pane.close()
    for (const reader of this.#readers) reader.close()
  }

  #begin({ status, recent }: SupervisorEvent & { type: 'hello' }): void {
    for (const event of recent) this.#tell(event, (pane, text) => pane.toldEarlier(event.at, text))
    const starts = new Map(status.services.map(({ name, logStart }) => [name, logStart]))
    for (const pane of this.#panes) pane.begin(starts)
  }

  #grown(pieces: readonly OutputPiece[]): void {
    for (const piece of pieces) for (const pane of this.#panes) pane.grown(piece)
  }

  #tell(event: SupervisorEvent, tell: (pane: PaneContent, text: string) => void): void {
    const text = eventLine(event)
    if (text === undefined) return
    const names = panesOf(this.#stack, event)
    const last = this.#panes.length - 1
    for (const [index, pane] of this.#panes.entries()) {
      if (index === last || names.includes(this.#names[index] ?? '')) tell(pane, text)
    }
  }
}

function same(one: object | undefined, other: object | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
