import type { Canvas, Rect, RowSource } from '../terminal/canvas.ts'
import { words } from '../../messages.ts'
import { ordered } from '../copy.ts'
import { smallest } from '../layout.ts'
import { layoutOf } from '../places.ts'
import { shownPanes, type Cell, type State } from '../state.ts'
import { drawBottomLine } from './bottom-line.ts'
import { drawDashboard } from './dashboard.ts'
import { drawHelp } from './help.ts'
import { drawPick } from './pick.ts'
import { themeOf } from './theme.ts'
import { drawTabs, drawTitle } from './title.ts'

/** What a pane shows at present, undefined while it has nothing yet; with a program's cursor, where it is a terminal. */
export type Contents = (pane: number) => (RowSource & { readonly cursor?: Cell }) | undefined

/** One whole screen. The canvas has the state's size. */
export function drawFrame(canvas: Canvas, state: State, contents: Contents): void {
  const layout = layoutOf(state)
  const theme = themeOf(state.light)
  if (layout.type === 'too_small') {
    canvas.text(0, 0, words.tooSmall(smallest.columns, smallest.rows), {}, canvas.columns)
    return
  }
  for (const { pane, title, inner } of layout.places) {
    if (layout.tabs) drawTabs(canvas, title, state, shownPanes(state), theme)
    else drawTitle(canvas, title, state, pane, theme)
    const source = contents(pane)
    if (source !== undefined) canvas.blit(inner, source)
    drawSelection(canvas, inner, state, pane)
    if (source?.cursor !== undefined && isTypedTo(state, pane)) {
      const { x, y } = source.cursor
      if (x < inner.columns && y < inner.rows) canvas.cursor = { x: inner.x + x, y: inner.y + y }
    }
  }
  if (layout.divider !== undefined) {
    const { x, y, rows } = layout.divider
    const style = { fg: theme.line }
    canvas.text(x, y, '┬', style)
    for (let row = 1; row < rows; row++) canvas.text(x, y + row, '│', style)
  }
  const above = { x: 0, y: 0, columns: canvas.columns, rows: canvas.rows - 1 }
  if (state.dashboard !== undefined) {
    // Over the transcript where that is large enough, so that the services' output stays in sight.
    const first = layout.places.find(({ pane }) => state.panes[pane]?.kind === 'transcript')
    const rows = (first?.inner.rows ?? 0) + 1
    const enough = !layout.tabs && rows >= state.services.length + 6
    drawDashboard(canvas, enough ? { ...above, rows } : above, state.dashboard, theme)
  }
  drawBottomLine(canvas, layout.prompt, state, theme)
  if (state.mode.type === 'help') drawHelp(canvas, above, state.mode.top, theme)
  if (state.mode.type === 'pick') drawPick(canvas, above, state, theme)
}

function isTypedTo({ mode, panes }: State, pane: number): boolean {
  return mode.type === 'input' && panes[pane]?.services.includes(mode.service) === true
}

/** Whole lines between the first and the last one, as text is read. */
function drawSelection(canvas: Canvas, inner: Rect, { mode }: State, pane: number): void {
  if ((mode.type !== 'copy' && mode.type !== 'drag') || mode.pane !== pane) return
  const isClick = mode.type === 'drag' && mode.at.x === mode.anchor.x && mode.at.y === mode.anchor.y
  if (mode.anchor !== undefined && !isClick) {
    const [from, to] = ordered(mode.anchor, mode.at)
    for (let y = Math.max(0, from.y); y <= Math.min(to.y, inner.rows - 1); y++) {
      const first = y === from.y ? from.x : 0
      const last = y === to.y ? to.x : inner.columns - 1
      canvas.restyle(
        { x: inner.x + first, y: inner.y + y, columns: last - first + 1, rows: 1 },
        { inverse: true },
      )
    }
  }
  if (mode.type === 'copy') canvas.cursor = { x: inner.x + mode.at.x, y: inner.y + mode.at.y }
}
