import { layout, type Layout, type PanePlace } from './layout.ts'
import { hasTop, shownPanes, type State } from './state.ts'

/** The layout of what is shown now; the panes in it are indices into `state.panes`. */
export function layoutOf(state: State): Layout {
  const shown = shownPanes(state)
  const focus = Math.max(0, shown.indexOf(state.focus))
  const made = layout(state.columns, state.rows, shown.length, focus, state.zoomed, hasTop(state))
  if (made.type === 'too_small') return made
  return { ...made, places: made.places.map(place => ({ ...place, pane: shown[place.pane] ?? 0 })) }
}

export function placeOf(state: State, pane: number): PanePlace | undefined {
  const made = layoutOf(state)
  return made.type === 'panes' ? made.places.find(place => place.pane === pane) : undefined
}

/** The pane at a place of the screen, title included. */
export function placeAt(state: State, x: number, y: number): PanePlace | undefined {
  const made = layoutOf(state)
  if (made.type !== 'panes') return undefined
  return made.places.find(
    ({ title, inner }) =>
      x >= title.x && x < title.x + title.columns && y >= title.y && y < inner.y + inner.rows,
  )
}
