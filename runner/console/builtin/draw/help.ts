import { widthOf, type Canvas, type Rect } from '../terminal/canvas.ts'
import { help } from '../../messages.ts'
import { drawBox } from './box.ts'
import type { Theme } from './theme.ts'

/** The keys, in a box; where it is too low for all of them, from `top` on. */
export function drawHelp(canvas: Canvas, around: Rect, top: number, theme: Theme): void {
  const keyWidth = Math.max(...help.map(([key]) => widthOf(key)))
  const widest = Math.max(...help.map(([, meaning]) => widthOf(meaning)))
  const width = Math.min(widest, around.columns - keyWidth - 6)
  const rows = help.flatMap(([key, meaning]) =>
    broken(meaning, width).map((part, index) => ({ key: index === 0 ? key : '', part })),
  )
  const inner = drawBox(canvas, around, 'keys', { columns: keyWidth + 2 + width, rows: rows.length }, theme)
  const first = Math.min(top, Math.max(0, rows.length - inner.rows))
  for (const [row, { key, part }] of rows.slice(first, first + inner.rows).entries()) {
    canvas.text(inner.x, inner.y + row, key, { bold: true })
    canvas.text(inner.x + keyWidth + 2, inner.y + row, part, {}, width)
  }
  const edge = inner.x + inner.columns + 1
  if (first > 0) canvas.text(edge, inner.y, '↑', { fg: theme.accent })
  if (first + inner.rows < rows.length) canvas.text(edge, inner.y + inner.rows - 1, '↓', { fg: theme.accent })
}

/** In lines of that width, between words. */
function broken(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && widthOf(`${last} ${word}`) <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
