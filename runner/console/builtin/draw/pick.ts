import { widthOf, type Canvas, type Rect } from '../terminal/canvas.ts'
import { words } from '../../messages.ts'
import type { State } from '../state.ts'
import { drawBox } from './box.ts'
import { signOf, type Theme } from './theme.ts'

/** The services of a pane to choose one from. */
export function drawPick(canvas: Canvas, around: Rect, state: State, theme: Theme): void {
  const { mode } = state
  if (mode.type !== 'pick') return
  const title = mode.purpose === 'restart' ? words.pickRestart : words.pickInput
  const width = Math.max(widthOf(title) + 2, ...mode.services.map(name => widthOf(name) + 6))
  const inner = drawBox(canvas, around, title, { columns: width, rows: mode.services.length }, theme)
  const first = Math.max(0, mode.chosen - inner.rows + 1)
  for (const [row, name] of mode.services.slice(first, first + inner.rows).entries()) {
    const index = first + row
    const service = state.services.find(each => each.name === name)
    const { sign, style } = signOf(service?.state ?? 'idle', theme)
    const y = inner.y + row
    canvas.text(inner.x, y, index < 9 ? String(index + 1) : ' ', { fg: theme.dim })
    canvas.text(inner.x + 2, y, sign, style)
    canvas.text(inner.x + 4, y, name, { bold: index === mode.chosen }, inner.columns - 4)
    if (index === mode.chosen) canvas.restyle({ ...inner, y, rows: 1 }, { inverse: true })
  }
}
