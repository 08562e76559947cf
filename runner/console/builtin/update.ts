import { words } from '../messages.ts'
import { pressed } from './keys.ts'
import { mouse } from './mouse.ts'
import { happened, sampled } from './run.ts'
import type { State } from './state.ts'
import { changePane, say, stay, type Effect, type Event, type Step } from './step.ts'
import type { InputEvent } from './terminal/input.ts'

/** Every change of the console's state. Pure: what is to be done outside comes back as effects. */
export function update(state: State, event: Event): Step {
  switch (event.type) {
    case 'input':
      return given(state, event.input)
    case 'supervisor':
      return stay(happened(state, event.event))
    case 'resized':
      return resized(state, event.columns, event.rows)
    case 'tick': {
      const over = state.message !== undefined && state.message.until <= event.now
      return stay({ ...state, now: event.now, message: over ? undefined : state.message })
    }
    case 'position':
      return stay(changePane(state, event.pane, { position: event.position }))
    case 'found':
      return stay(changePane(state, event.pane, { found: event.found }))
    case 'copied':
      return stay(say(state, event.lines === 0 ? words.nothingToCopy : words.copied(event.lines)))
    case 'refused':
      return stay(say(state, event.text, 'bad'))
    case 'sampled':
      return stay(sampled(state, event.status, event.facts))
  }
}

function given(state: State, input: InputEvent): Step {
  switch (input.type) {
    case 'key':
      return pressed(state, input)
    case 'mouse':
      return mouse(state, input)
    case 'paste':
      return pasted(state, input.text)
    case 'background':
      return stay({ ...state, light: input.light })
  }
}

/** What is pasted must never act as single keys: a pasted `q` would stop the stack. */
function pasted(state: State, text: string): Step {
  const { mode } = state
  if (mode.type === 'input') return { state, effects: [{ type: 'type', service: mode.service, bytes: text }] }
  if (mode.type !== 'prompt') return stay(state)
  const line = text.replaceAll(/\s+/g, ' ')
  let step = stay(state)
  for (const key of line) {
    const next = pressed(step.state, {
      type: 'key',
      key,
      text: key,
      ctrl: false,
      alt: false,
      shift: false,
      bytes: key,
    })
    step = { state: next.state, effects: [...step.effects, ...next.effects] }
  }
  return step
}

/** What is selected stands somewhere else now: the selection goes. */
function resized(state: State, columns: number, rows: number): Step {
  const { mode } = state
  const next: State = { ...state, columns, rows }
  if (mode.type !== 'copy' && mode.type !== 'drag') return stay(next)
  const effects: Effect[] = [{ type: 'thaw', pane: mode.pane }]
  return { state: { ...next, mode: { type: 'normal' } }, effects }
}
