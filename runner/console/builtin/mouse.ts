import { ordered } from './copy.ts'
import { placeAt, placeOf } from './places.ts'
import type { Cell, Mode, State } from './state.ts'
import { stay, type Step } from './step.ts'
import type { InputEvent } from './terminal/input.ts'

const wheelRows = 3

/** A click focuses, the wheel scrolls what is under it, a drag selects and copies. Shift is left to the terminal. */
export function mouse(state: State, input: InputEvent & { type: 'mouse' }): Step {
  const { mode } = state
  if (mode.type === 'help' || mode.type === 'pick') {
    if (input.action === 'press') return stay({ ...state, mode: { type: 'normal' } })
    return stay(state)
  }
  switch (input.action) {
    case 'wheel-up':
    case 'wheel-down': {
      const place = placeAt(state, input.x, input.y)
      if (place === undefined) return stay(state)
      const rows = input.action === 'wheel-up' ? -wheelRows : wheelRows
      return { state, effects: [{ type: 'scroll', pane: place.pane, rows }] }
    }
    case 'press': {
      const place = placeAt(state, input.x, input.y)
      if (place === undefined || input.button !== 0) return stay(state)
      const next: State = { ...state, focus: place.pane }
      if (mode.type !== 'normal') return stay(mode.type === 'copy' ? state : next)
      const at = cellIn(place.inner, input)
      if (input.y < place.inner.y) return stay(next)
      return stay({ ...next, mode: { type: 'drag', pane: place.pane, at, anchor: at } })
    }
    case 'drag':
      return dragged(state, input)
    case 'release':
      return released(state)
  }
}

function dragged(state: State, input: Cell): Step {
  const { mode } = state
  if (mode.type !== 'drag') return stay(state)
  const inner = placeOf(state, mode.pane)?.inner
  if (inner === undefined) return stay(state)
  const next: Mode = { ...mode, at: cellIn(inner, input) }
  // The first move makes it a selection; until then it was a click.
  const begun = mode.at.x === mode.anchor.x && mode.at.y === mode.anchor.y
  return { state: { ...state, mode: next }, effects: begun ? [{ type: 'freeze', pane: mode.pane }] : [] }
}

function released(state: State): Step {
  const { mode } = state
  if (mode.type !== 'drag') return stay(state)
  const { pane } = mode
  const next: State = { ...state, mode: { type: 'normal' } }
  if (mode.at.x === mode.anchor.x && mode.at.y === mode.anchor.y) {
    return { state: next, effects: [{ type: 'thaw', pane }] }
  }
  const [from, to] = ordered(mode.anchor, mode.at)
  return {
    state: next,
    effects: [
      { type: 'copy', pane, from, to },
      { type: 'thaw', pane },
    ],
  }
}

function cellIn(inner: { x: number; y: number; columns: number; rows: number }, { x, y }: Cell): Cell {
  return {
    x: Math.min(Math.max(x - inner.x, 0), inner.columns - 1),
    y: Math.min(Math.max(y - inner.y, 0), inner.rows - 1),
  }
}
