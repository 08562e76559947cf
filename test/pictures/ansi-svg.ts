/** Draws a terminal's screen, as `tmux capture-pane -e -p` prints it, as an SVG: text, colours, bold, dim, reverse. */
export function screenToSvg(screen: string, columns: number): string {
  const rows = screen.split('\n')
  const width = columns * cell.width + 2 * margin
  const height = rows.length * cell.height + 2 * margin
  const texts = rows.flatMap((row, index) => drawRow(row, index))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${round(height)}" role="img">`,
    `<rect width="100%" height="100%" rx="8" fill="${theme.background}"/>`,
    `<g font-family="ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" fill="${theme.text}" xml:space="preserve">`,
    ...texts,
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

const cell = { width: 7.83, height: 17 }
const margin = 12
const theme = {
  background: '#16181d',
  text: '#d7dae0',
  colours: ['#5c6370', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d7dae0'],
  grey: '#808690',
}

interface Style {
  colour: string | undefined
  bold: boolean
  dim: boolean
}

function drawRow(row: string, index: number): string[] {
  const y = margin + (index + 1) * cell.height - 4
  const runs: string[] = []
  let style: Style = { colour: undefined, bold: false, dim: false }
  let column = 0
  // tmux's capture has SGR sequences, and SO/SI around line drawing only without UTF-8.
  for (const part of row.split(/(\u001b\[[\d;]*m)/)) {
    const sgr = /^\u001b\[([\d;]*)m$/.exec(part)
    if (sgr !== null) {
      style = applySgr(style, (sgr[1] ?? '').split(';').map(Number))
      continue
    }
    // White space of more than one cell would be drawn as one.
    for (const piece of part.split(/( {2,})/)) {
      if (piece.trim() !== '') runs.push(drawRun(piece, column, y, style))
      column += piece.length
    }
  }
  return runs
}

function drawRun(text: string, column: number, y: number, style: Style): string {
  const start = text.search(/\S/)
  const shown = text.trim()
  const x = margin + (column + start) * cell.width
  const attributes = [
    `x="${round(x)}" y="${round(y)}" textLength="${round(shown.length * cell.width)}"`,
    style.colour === undefined ? '' : `fill="${style.colour}"`,
    style.bold ? 'font-weight="700"' : '',
    style.dim ? 'opacity="0.65"' : '',
  ]
  const escaped = shown.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text ${attributes.filter(Boolean).join(' ')}>${escaped}</text>`
}

/** ECMA-48 select graphic rendition, as far as our console uses it. */
function applySgr(style: Style, codes: number[]): Style {
  const next = { ...style }
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0
    if (code === 0) Object.assign(next, { colour: undefined, bold: false, dim: false })
    else if (code === 1) next.bold = true
    else if (code === 2) next.dim = true
    else if (code === 22) Object.assign(next, { bold: false, dim: false })
    else if (code >= 30 && code <= 37) next.colour = theme.colours[code - 30]
    else if (code === 39) next.colour = undefined
    else if (code >= 90 && code <= 97) next.colour = theme.colours[code - 90]
    else if (code === 38 && codes[i + 1] === 5) {
      next.colour = paletteColour(codes[i + 2] ?? 7)
      i += 2
    }
  }
  return next
}

function paletteColour(index: number): string | undefined {
  return index < 16 ? theme.colours[index % 8] : theme.grey
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
