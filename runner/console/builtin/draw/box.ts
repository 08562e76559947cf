import type { Canvas, Rect } from '../terminal/canvas.ts'
import type { Theme } from './theme.ts'

/** A frame in the middle of `around` with room for so many columns and rows inside; returns the room that there is. */
export function drawBox(
  canvas: Canvas,
  around: Rect,
  title: string,
  size: { readonly columns: number; readonly rows: number },
  theme: Theme,
): Rect {
  const columns = Math.min(around.columns, size.columns + 4)
  const rows = Math.min(around.rows, size.rows + 2)
  const x = around.x + Math.floor((around.columns - columns) / 2)
  const y = around.y + Math.floor((around.rows - rows) / 2)
  const rule = { fg: theme.accent }
  canvas.text(x, y, `╭${'─'.repeat(columns - 2)}╮`, rule)
  for (let row = 1; row < rows - 1; row++) {
    canvas.text(x, y + row, '│', rule)
    canvas.text(x + 1, y + row, ' '.repeat(columns - 2))
    canvas.text(x + columns - 1, y + row, '│', rule)
  }
  canvas.text(x, y + rows - 1, `╰${'─'.repeat(columns - 2)}╯`, rule)
  canvas.text(x + 2, y, ` ${title} `, { ...rule, bold: true }, columns - 4)
  return { x: x + 2, y: y + 1, columns: columns - 4, rows: rows - 2 }
}
