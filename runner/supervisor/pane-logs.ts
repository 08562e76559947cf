import type { Stack } from '../stack/model.ts'
import { eventLine, panesOf } from './event-lines.ts'
import type { EventHub } from './event-hub.ts'
import { PaneLog, startPaneLogs } from './pane-log.ts'

/** The logs of all panes, from the moment when a tmux console wants to follow them. */
export class PaneLogs {
  readonly #stack: Stack
  readonly #panes = new Map<string, PaneLog>()

  /** `stack.paneLogs`: `up` has made the files already. */
  constructor(stack: Stack, hub: EventHub) {
    this.#stack = stack
    if (stack.paneLogs) this.#open()
    hub.subscribe(event => {
      const text = this.#panes.size === 0 ? undefined : eventLine(event)
      if (text === undefined) return
      for (const pane of panesOf(stack, event)) this.#panes.get(pane)?.append('supervisor', Buffer.from(text))
    })
  }

  /** Begins them in the middle of a run, with what `lastWords` gives of each service. */
  begin(lastWords: (service: string) => Uint8Array): void {
    if (this.#panes.size > 0) return
    startPaneLogs(this.#stack)
    this.#open()
    for (const service of Object.keys(this.#stack.services)) this.append(service, lastWords(service))
  }

  append(service: string, chunk: Uint8Array): void {
    this.#panes.get(this.#stack.services[service]?.pane ?? '')?.append(service, chunk)
  }

  #open(): void {
    for (const pane of Object.keys(this.#stack.panes)) this.#panes.set(pane, new PaneLog(this.#stack, pane))
  }
}
