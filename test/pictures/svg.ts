import { theme, type Run, type Screen } from '../support/screen.ts'

type Size = Pick<Screen, 'columns' | 'rows'>

/** A screen as a picture. */
export function stillSvg(rows: Run[][], size: Size): string {
  return document(size, rows.map((row, y) => drawRow(row, y)).join('\n'))
}

export interface Frame {
  /** Seconds after the first one. */
  readonly at: number
  readonly rows: Run[][]
}

/**
 * Frames as a picture that moves and begins anew at its end. Each row that looks the same is drawn once, and shown for as
 * long as it stands: most of a screen does not change from one frame to the next.
 */
export function movingSvg(frames: readonly Frame[], size: Size, seconds: number): string {
  const drawn: string[] = []
  for (let y = 0; y < size.rows; y++) {
    const spans: { drawing: string; from: number; to: number }[] = []
    for (const [index, frame] of frames.entries()) {
      const drawing = drawRow(frame.rows[y] ?? [], y)
      const to = frames[index + 1]?.at ?? seconds
      const last = spans.at(-1)
      if (last?.drawing === drawing) last.to = to
      else spans.push({ drawing, from: frame.at, to })
    }
    for (const { drawing, from, to } of spans) {
      if (drawing === '') continue
      const whole = from === 0 && to === seconds
      drawn.push(whole ? drawing : `<g visibility="hidden">${visible(from, to, seconds)}${drawing}</g>`)
    }
  }
  return document(size, drawn.join('\n'))
}

function visible(from: number, to: number, seconds: number): string {
  const share = (at: number): string => String(Number((at / seconds).toFixed(4)))
  const start = from === 0 ? '' : '0;'
  const hiddenFirst = from === 0 ? '' : 'hidden;'
  const end = to >= seconds ? '' : `;${share(to)}`
  const hiddenLast = to >= seconds ? '' : ';hidden'
  return `<animate attributeName="visibility" calcMode="discrete" dur="${seconds}s" repeatCount="indefinite" keyTimes="${start}${share(from)}${end}" values="${hiddenFirst}visible${hiddenLast}"/>`
}

const cell = { width: 7.83, height: 17 }
const margin = 12

function document({ columns, rows }: Size, content: string): string {
  const width = round(columns * cell.width + 2 * margin)
  const height = round(rows * cell.height + 2 * margin)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<rect width="100%" height="100%" rx="8" fill="${theme.background}"/>`,
    `<g font-family="ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" fill="${theme.text}" xml:space="preserve">`,
    content,
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

function drawRow(runs: Run[], y: number): string {
  return runs.map(run => drawRun(run, y)).join('')
}

function drawRun(run: Run, y: number): string {
  const x = round(margin + run.column * cell.width)
  const width = round(run.columns * cell.width)
  const top = margin + y * cell.height
  const back =
    run.bg === undefined
      ? ''
      : `<rect x="${x}" y="${top}" width="${width}" height="${cell.height}" fill="${run.bg}"/>`
  if (run.text.trim() === '') return back
  const attributes = [
    `x="${x}" y="${round(top + cell.height - 4)}" textLength="${width}"`,
    run.fg === undefined ? '' : `fill="${run.fg}"`,
    run.bold ? 'font-weight="700"' : '',
    run.dim ? 'opacity="0.65"' : '',
    run.underline ? 'text-decoration="underline"' : '',
  ]
  const escaped = run.text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `${back}<text ${attributes.filter(Boolean).join(' ')}>${escaped}</text>`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
