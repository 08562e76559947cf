import { words } from '../messages.ts'
import { copying } from './copy.ts'
import { placeOf } from './places.ts'
import { prompting } from './prompt.ts'
import { shownPanes, type Mode, type PaneState, type State } from './state.ts'
import { changePane, say, stay, type Effect, type KeyInput, type Step } from './step.ts'

/** What a key means, in the way in which keys are taken just now. Letters in upper and lower case; unknown keys do nothing. */
export function pressed(state: State, input: KeyInput): Step {
  const { mode } = state
  // To a service, Ctrl-C goes as it would in its own terminal; everywhere else it quits.
  if (mode.type === 'input') return typing(state, mode, input)
  if (input.ctrl && input.key === 'c') return { state, effects: [{ type: 'interrupt' }] }
  switch (mode.type) {
    case 'help':
      return helping(state, mode, input)
    case 'prompt':
      return prompting(state, mode, input)
    case 'copy':
      return copying(state, mode, input)
    case 'drag':
      if (input.key !== 'escape') return stay(state)
      return { state: { ...state, mode: normal }, effects: [{ type: 'thaw', pane: mode.pane }] }
    case 'pick':
      return picking(state, mode, input)
    case 'normal':
      return command(state, input)
  }
}

const normal: Mode = { type: 'normal' }

function command(state: State, input: KeyInput): Step {
  const pane = state.focus
  const focused = state.panes[pane]
  if (focused === undefined || input.ctrl || input.alt) return stay(state)
  const moved = scrolling(state, input.key, pane)
  if (moved !== undefined) return { state, effects: [moved] }
  // `n` and `N` differ, as everywhere where one searches.
  if (focused.search !== '' && input.key.toLowerCase() === 'n') {
    const newer = input.text === 'N'
    return { state, effects: [{ type: 'find', pane, direction: newer ? 'forward' : 'back' }] }
  }
  switch (input.key.toLowerCase()) {
    case 'q':
    case 'r':
    case 'p':
      return { state, effects: [{ type: 'press', key: input.key.toLowerCase() as 'q' | 'r' | 'p' }] }
    case '?':
      return stay({ ...state, mode: { type: 'help', top: 0 } })
    case 'tab':
      return stay(focusBy(state, input.shift ? -1 : 1))
    case '1':
    case '2':
    case '3':
      return stay(focusOn(state, Number(input.key) - 1))
    case 'z':
      return stay({ ...state, zoomed: !state.zoomed })
    case '/':
      return stay({ ...state, mode: { type: 'prompt', kind: 'search', text: '' } })
    case 'f':
      return stay({ ...state, mode: { type: 'prompt', kind: 'filter', text: focused.filter } })
    case 'c':
      return startCopy(state, pane)
    case 'w':
      return { state: changePane(state, pane, { wrap: !focused.wrap }), effects: [{ type: 'review', pane }] }
    case 't':
      return {
        state: changePane(state, pane, { times: !focused.times }),
        effects: [{ type: 'review', pane }],
      }
    case 'l':
      return stay(toggleMerged(state))
    case 'd':
      return toggleDashboard(state)
    case 'x':
      return pick(state, 'restart', focused)
    case 'i':
      return pick(state, 'input', focused)
    case 'o':
      if (state.address === undefined) return stay(say(state, words.noAddress, 'warn'))
      return {
        state: say(state, words.opening(state.address)),
        effects: [{ type: 'open', address: state.address }],
      }
    case 'escape':
      return leave(state, pane, focused)
    default:
      return stay(state)
  }
}

function scrolling(state: State, key: string, pane: number): Effect | undefined {
  const page = Math.max(1, (placeOf(state, pane)?.inner.rows ?? 2) - 2)
  switch (key) {
    case 'up':
      return { type: 'scroll', pane, rows: -1 }
    case 'down':
      return { type: 'scroll', pane, rows: 1 }
    case 'pageup':
      return { type: 'scroll', pane, rows: -page }
    case 'pagedown':
      return { type: 'scroll', pane, rows: page }
    case 'home':
      return { type: 'scroll_to', pane, end: 'oldest' }
    case 'end':
    case 'g':
    case 'G':
      return { type: 'scroll_to', pane, end: 'newest' }
    case 'left':
      return { type: 'sideways', pane, columns: -8 }
    case 'right':
      return { type: 'sideways', pane, columns: 8 }
    default:
      return undefined
  }
}

/** Escape leaves one thing at a time: the dashboard, the search, the past. */
function leave(state: State, pane: number, focused: PaneState): Step {
  if (state.dashboard !== undefined) return stay({ ...state, dashboard: undefined })
  if (focused.search !== '') {
    const effects: Effect[] = [
      { type: 'search', pane },
      { type: 'scroll_to', pane, end: 'newest' },
    ]
    return { state: changePane(state, pane, { search: '', found: undefined }), effects }
  }
  if (!focused.position.following) return { state, effects: [{ type: 'scroll_to', pane, end: 'newest' }] }
  return stay(state)
}

function focusBy(state: State, step: number): State {
  const shown = shownPanes(state)
  const at = shown.indexOf(state.focus)
  return focusOn(state, (at + step + shown.length) % shown.length)
}

function focusOn(state: State, place: number): State {
  const pane = shownPanes(state)[place]
  return pane === undefined ? state : { ...state, focus: pane }
}

function toggleMerged(state: State): State {
  const merged = !state.merged
  const last = state.panes.length - 1
  return {
    ...state,
    merged,
    focus: merged ? last : state.focus === last ? Math.min(1, last - 1) : state.focus,
  }
}

function toggleDashboard(state: State): Step {
  if (state.dashboard !== undefined) return stay({ ...state, dashboard: undefined })
  const dashboard = { services: [], history: {}, facts: undefined, top: 0 }
  return { state: { ...state, dashboard }, effects: [{ type: 'sample' }] }
}

function startCopy(state: State, pane: number): Step {
  const rows = placeOf(state, pane)?.inner.rows ?? 1
  const mode: Mode = { type: 'copy', pane, at: { x: 0, y: rows - 1 }, anchor: undefined }
  return { state: { ...state, mode }, effects: [{ type: 'freeze', pane }] }
}

/** With one service in the pane there is nothing to ask; the transcript has none, so there all are offered. */
function pick(state: State, purpose: 'restart' | 'input', focused: PaneState): Step {
  const services = focused.services.length > 0 ? focused.services : state.services.map(({ name }) => name)
  const [only] = services
  if (only === undefined) return stay(say(state, words.noService, 'warn'))
  if (services.length === 1) return picked(state, purpose, only)
  return stay({ ...state, mode: { type: 'pick', purpose, services, chosen: 0 } })
}

function picked(state: State, purpose: 'restart' | 'input', service: string): Step {
  if (purpose === 'input') {
    // What comes of it is to be seen.
    const own = shownPanes(state).find(index => state.panes[index]?.services.includes(service) === true)
    return stay({ ...state, focus: own ?? state.focus, mode: { type: 'input', service } })
  }
  return {
    state: say({ ...state, mode: normal }, words.restarting(service)),
    effects: [{ type: 'restart', service }],
  }
}

function picking(state: State, mode: Mode & { type: 'pick' }, input: KeyInput): Step {
  const count = mode.services.length
  const choose = (chosen: number): Step =>
    stay({ ...state, mode: { ...mode, chosen: (chosen + count) % count } })
  const take = (index: number): Step => {
    const service = mode.services[index]
    return service === undefined ? stay(state) : picked(state, mode.purpose, service)
  }
  switch (input.key) {
    case 'up':
      return choose(mode.chosen - 1)
    case 'down':
    case 'tab':
      return choose(mode.chosen + 1)
    case 'enter':
      return take(mode.chosen)
    case 'escape':
    case 'q':
    case 'Q':
      return stay({ ...state, mode: normal })
    default:
      return /^[1-9]$/.test(input.key) ? take(Number(input.key) - 1) : stay(state)
  }
}

function helping(state: State, mode: Mode & { type: 'help' }, input: KeyInput): Step {
  const by = { up: -1, down: 1, pageup: -5, pagedown: 5 }[input.key]
  if (by === undefined) return stay({ ...state, mode: normal })
  return stay({ ...state, mode: { ...mode, top: Math.max(0, mode.top + by) } })
}

function typing(state: State, mode: Mode & { type: 'input' }, input: KeyInput): Step {
  if (input.key === 'escape') return stay({ ...state, mode: normal })
  return { state, effects: [{ type: 'type', service: mode.service, bytes: input.bytes }] }
}
