/** How a piece of a log looks, with the page's own tones: a terminal's sixteen colours would be unreadable on one of our grounds. */
export interface LogStyle {
  readonly tone: 'plain' | 'soft' | 'good' | 'waiting' | 'bad'
  readonly bold: boolean
}

export interface LogRun {
  readonly text: string
  readonly style: LogStyle
}

export const plainStyle: LogStyle = { tone: 'plain', bold: false }

/**
 * Any escape sequence: CSI (of which only SGR, ending in m, means something here), OSC up to its end, or two characters. One
 * that is cut off by the end of the line counts as whole. ECMA-48, 5.4 and 8.3.117.
 */
const sequence = /\x1b(?:\[([0-?]*)[ -/]*([@-~]|$)|\][^\x07\x1b]*(?:\x07|\x1b\\|$)|[ -/]+[0-~]?|[^[\] -/]|$)/g
/** What a terminal would not show. */
const invisible = /[\x00-\x08\x0b-\x1f\x7f]/g

/** One line of a terminal, without its end. `style` is what the line before ended with, and comes back for the next one. */
export function parseLine(line: string, style: LogStyle): { runs: readonly LogRun[]; style: LogStyle } {
  // A progress bar writes over itself: what stands last is what one would see.
  const shown = line.replace(/\r+$/, '')
  const last = shown.slice(shown.lastIndexOf('\r') + 1)
  const runs: LogRun[] = []
  let now = style
  let from = 0
  const add = (text: string): void => {
    const clean = text.replace(invisible, '')
    if (clean !== '') runs.push({ text: clean, style: now })
  }
  for (const match of last.matchAll(sequence)) {
    add(last.slice(from, match.index))
    from = match.index + match[0].length
    if (match[2] === 'm') now = styled(now, match[1] ?? '')
  }
  add(last.slice(from))
  return { runs, style: now }
}

function styled(style: LogStyle, parameters: string): LogStyle {
  // Sub-parameters after a colon (38:5:1) belong to the code before them.
  const codes = parameters.split(';').map(code => Number(code.split(':')[0]))
  let next = style
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0
    // 38;5;n and 38;2;r;g;b: their numbers are no codes. Such colours are left alone.
    if (code === 38 || code === 48) at += codes[at + 1] === 2 ? 4 : 2
    else next = changed(next, code)
  }
  return next
}

function changed(style: LogStyle, code: number): LogStyle {
  if (code === 0) return plainStyle
  if (code === 1) return { ...style, bold: true }
  if (code === 2) return { ...style, tone: 'soft' }
  if (code === 22) return { bold: false, tone: style.tone === 'soft' ? 'plain' : style.tone }
  if (code === 39) return { ...style, tone: 'plain' }
  const colour = code >= 90 && code <= 97 ? code - 60 : code
  const tone = tones[colour]
  return tone === undefined ? style : { ...style, tone: code === 90 ? 'soft' : tone }
}

/** Red is broken, yellow waits, green and cyan are well; blue, magenta, black and white say nothing that we have a tone for. */
const tones: Readonly<Record<number, LogStyle['tone']>> = {
  30: 'plain',
  31: 'bad',
  32: 'good',
  33: 'waiting',
  34: 'plain',
  35: 'plain',
  36: 'good',
  37: 'plain',
}
