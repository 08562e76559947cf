import { initialState, type State } from '../../runner/console/builtin/state.ts'
import type { Effect, Event } from '../../runner/console/builtin/step.ts'
import { update } from '../../runner/console/builtin/update.ts'
import type { EventBody } from '../../runner/supervisor/events.ts'

/** When everything happens. */
export const at = 1_000_000

/** Three services in two panes, at 160x48. */
export function start(): State {
  const service = (port?: number) => (port === undefined ? {} : { port }) as never
  return initialState({
    stack: {
      name: 'test',
      services: { core: service(), backend: service(8770), web: service(5173) },
      panes: {
        backend: { title: 'backend', services: ['core', 'backend'] },
        web: { title: 'web', services: ['web'] },
      },
    },
    owner: true,
    transcript: true,
    address: 'http://127.0.0.1:5173',
    columns: 160,
    rows: 48,
    now: 0,
  })
}

export function focusedOn(pane: number): State {
  return { ...start(), focus: pane }
}

export function happens(event: EventBody): Event {
  return { type: 'supervisor', event: { at, ...event } }
}

export function click(
  state: State,
  action: 'press' | 'drag' | 'release' | 'wheel-up' | 'wheel-down',
  x: number,
  y: number,
) {
  return update(state, {
    type: 'input',
    input: { type: 'mouse', action, button: 0, x, y, shift: false, ctrl: false },
  })
}

/** Letters, and `<up>`, `<ctrl-c>`, `<shift-tab>` for the other keys. */
export function type(state: State, keys: string): { state: State; effects: readonly Effect[] } {
  let step: { state: State; effects: readonly Effect[] } = { state, effects: [] }
  for (const [word = ''] of keys.matchAll(/<[^>]+>|[^]/gu)) {
    const [, ctrl, shift, name] = /^<(ctrl-)?(shift-)?(.+)>$/.exec(word) ?? []
    const key = name ?? word
    const bytes =
      ctrl === undefined ? (key === 'enter' ? '\r' : key) : String.fromCharCode(key.charCodeAt(0) & 31)
    const next = update(step.state, {
      type: 'input',
      input: {
        type: 'key',
        key,
        text: name === undefined ? word : '',
        ctrl: ctrl !== undefined,
        alt: false,
        shift: shift !== undefined,
        bytes,
      },
    })
    step = { state: next.state, effects: [...step.effects, ...next.effects] }
  }
  return step
}
