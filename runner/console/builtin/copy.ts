import { placeOf } from './places.ts'
import type { Cell, Mode, State } from './state.ts'
import { stay, type Effect, type KeyInput, type Step } from './step.ts'

/** Copy mode: a cursor in the pane, which stands still. Space begins a selection, Enter copies it (or the cursor's line). */
export function copying(state: State, mode: Mode & { type: 'copy' }, input: KeyInput): Step {
  const inner = placeOf(state, mode.pane)?.inner ?? { columns: 1, rows: 1 }
  const { at, pane } = mode
  const last = { x: inner.columns - 1, y: inner.rows - 1 }
  const moveTo = (x: number, y: number): Step => move(state, mode, { x, y }, last)
  switch (input.key) {
    case 'up':
    case 'k':
      return moveTo(at.x, at.y - 1)
    case 'down':
    case 'j':
      return moveTo(at.x, at.y + 1)
    case 'left':
    case 'h':
      return moveTo(at.x - 1, at.y)
    case 'right':
    case 'l':
      return moveTo(at.x + 1, at.y)
    case 'home':
    case '0':
      return moveTo(0, at.y)
    case 'end':
    case '$':
      return moveTo(last.x, at.y)
    case 'pageup':
      return moveTo(at.x, at.y - inner.rows)
    case 'pagedown':
      return moveTo(at.x, at.y + inner.rows)
    case ' ':
    case 'space':
    case 'v':
      return stay({ ...state, mode: { ...mode, anchor: mode.anchor === undefined ? at : undefined } })
    case 'V':
      return stay({ ...state, mode: { ...mode, anchor: { x: 0, y: at.y }, at: { x: last.x, y: at.y } } })
    case 'enter':
    case 'y':
    case 'Y': {
      const [from, to] =
        mode.anchor === undefined
          ? [
              { x: 0, y: at.y },
              { x: last.x, y: at.y },
            ]
          : ordered(mode.anchor, at)
      return left(state, pane, [{ type: 'copy', pane, from, to }])
    }
    case 'escape':
    case 'q':
    case 'Q':
    case 'c':
    case 'C':
      return left(state, pane, [])
    default:
      return stay(state)
  }
}

/** The upper left one first, in reading order. */
export function ordered(one: Cell, other: Cell): [Cell, Cell] {
  return one.y < other.y || (one.y === other.y && one.x <= other.x) ? [one, other] : [other, one]
}

/** Past the upper or lower edge the pane is scrolled instead, and the selection goes along. */
function move(state: State, mode: Mode & { type: 'copy' }, to: Cell, last: Cell): Step {
  const y = Math.min(Math.max(to.y, 0), last.y)
  const rows = to.y - y
  const at = { x: Math.min(Math.max(to.x, 0), last.x), y }
  const anchor = mode.anchor === undefined ? undefined : { ...mode.anchor, y: mode.anchor.y - rows }
  const effects: Effect[] = rows === 0 ? [] : [{ type: 'scroll', pane: mode.pane, rows }]
  return { state: { ...state, mode: { ...mode, at, anchor } }, effects }
}

function left(state: State, pane: number, effects: readonly Effect[]): Step {
  return { state: { ...state, mode: { type: 'normal' } }, effects: [...effects, { type: 'thaw', pane }] }
}
