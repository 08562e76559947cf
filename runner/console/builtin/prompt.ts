import { words } from '../messages.ts'
import { unknownLevel } from './content/filter.ts'
import { graphemes } from './graphemes.ts'
import type { Mode, State } from './state.ts'
import { changePane, say, stay, type Effect, type KeyInput, type Step } from './step.ts'

/** The line at the bottom in which a search or a filter is typed. A search runs along with the typing; a filter waits for Enter. */
export function prompting(state: State, mode: Mode & { type: 'prompt' }, input: KeyInput): Step {
  switch (input.key) {
    case 'enter':
      return mode.kind === 'filter' ? filtered(state, mode.text.trim()) : kept(state)
    case 'escape':
      return mode.kind === 'filter' ? closed(state) : searched(closed(state).state, '', true)
    case 'backspace':
      return edited(state, mode, graphemes(mode.text).slice(0, -1).join(''))
    case 'up':
    case 'down':
      if (mode.kind === 'filter') return stay(state)
      return {
        state,
        effects: [{ type: 'find', pane: state.focus, direction: input.key === 'up' ? 'back' : 'forward' }],
      }
    default:
      break
  }
  if (input.ctrl && input.key === 'u') return edited(state, mode, '')
  if (input.ctrl && input.key === 'w') return edited(state, mode, mode.text.replace(/\S+\s*$/, ''))
  if (input.ctrl || input.alt || input.text === '') return stay(state)
  return edited(state, mode, mode.text + input.text)
}

function edited(state: State, mode: Mode & { type: 'prompt' }, text: string): Step {
  const next: State = { ...state, mode: { ...mode, text } }
  return mode.kind === 'search' ? searched(next, text, false) : stay(next)
}

function searched(state: State, search: string, leave: boolean): Step {
  const pane = state.focus
  const found = search === '' ? undefined : { nth: undefined, total: 0, searching: true }
  const effects: Effect[] = [{ type: 'search', pane }]
  if (leave) effects.push({ type: 'scroll_to', pane, end: 'newest' })
  return { state: changePane(state, pane, { search, found }), effects }
}

/** Enter on nothing is the same as Escape. */
function kept(state: State): Step {
  return closed(state)
}

function filtered(state: State, filter: string): Step {
  const pane = state.focus
  const next = changePane(closed(state).state, pane, { filter })
  const stranger = unknownLevel(filter)
  return {
    state: stranger === undefined ? next : say(next, words.noLevel(stranger), 'warn'),
    effects: [{ type: 'review', pane }],
  }
}

function closed(state: State): Step {
  return stay({ ...state, mode: { type: 'normal' } })
}
