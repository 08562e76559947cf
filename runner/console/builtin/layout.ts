import type { Rect } from './terminal/canvas.ts'

/** Where everything stands on a screen of this size. Pure. */
export type Layout =
  | { readonly type: 'too_small' }
  | {
      readonly type: 'panes'
      /** Of the panes that are shown; by their index. */
      readonly places: readonly PanePlace[]
      /** One title line with the names of all panes instead of a title for each: only the focused one is shown. */
      readonly tabs: boolean
      /** The vertical line between the two panes at the bottom. */
      readonly divider: Rect | undefined
      readonly prompt: Rect
    }

export interface PanePlace {
  readonly pane: number
  readonly title: Rect
  /** What the pane's programs have for themselves. */
  readonly inner: Rect
}

export const smallest = { columns: 40, rows: 10 }

/**
 * Side by side as far as there is room (transcript above, the second pane with two thirds of the width); on a narrow screen
 * one above the other; on a low one, or zoomed, only the focused pane under one line with all names. `top`: the first pane is
 * the transcript; without one the others have the whole height.
 */
export function layout(
  columns: number,
  rows: number,
  panes: number,
  focus: number,
  zoomed: boolean,
  top = true,
): Layout {
  if (columns < smallest.columns || rows < smallest.rows) return { type: 'too_small' }
  const prompt = { x: 0, y: rows - 1, columns, rows: 1 }
  const height = rows - 1
  const below = top ? panes - 1 : panes
  if (!zoomed && rows >= (top ? 16 : 10) && columns >= (below > 1 ? 72 : 40)) {
    return { type: 'panes', tabs: false, prompt, ...sideBySide(columns, height, panes, top) }
  }
  if (!zoomed && rows >= (top ? 20 : 16)) {
    return { type: 'panes', tabs: false, prompt, divider: undefined, places: stacked(columns, height, panes) }
  }
  const whole = { x: 0, y: 0, columns, rows: height }
  return { type: 'panes', tabs: true, prompt, divider: undefined, places: [place(focus, whole)] }
}

function sideBySide(
  columns: number,
  height: number,
  panes: number,
  top: boolean,
): { places: PanePlace[]; divider: Rect | undefined } {
  const half = top ? Math.ceil(height / 2) : 0
  const above = top ? [place(0, { x: 0, y: 0, columns, rows: half })] : []
  const first = above.length
  const below = { y: half, rows: height - half }
  if (panes - first < 2)
    return { divider: undefined, places: [...above, place(first, { x: 0, columns, ...below })] }
  const left = Math.round(((columns - 1) * 2) / 3)
  return {
    divider: { x: left, columns: 1, ...below },
    places: [
      ...above,
      place(first, { x: 0, columns: left, ...below }),
      // One column of air beside the divider.
      place(first + 1, { x: left + 1, columns: columns - left - 1, ...below }, 1),
    ],
  }
}

function stacked(columns: number, height: number, panes: number): PanePlace[] {
  const places: PanePlace[] = []
  for (let pane = 0, y = 0; pane < panes; pane++) {
    const rows = Math.round((height - y) / (panes - pane))
    places.push(place(pane, { x: 0, y, columns, rows }))
    y += rows
  }
  return places
}

function place(pane: number, { x, y, columns, rows }: Rect, indent = 0): PanePlace {
  return {
    pane,
    title: { x, y, columns, rows: 1 },
    inner: { x: x + indent, y: y + 1, columns: columns - indent, rows: rows - 1 },
  }
}
