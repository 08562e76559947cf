import { palette, truecolour } from './style.ts'

export type ColourDepth = 'truecolour' | 256 | 16 | 'none'

/** What the terminal can show, as it says in its environment. */
export function colourDepth(env: Readonly<Record<string, string | undefined>>): ColourDepth {
  const { NO_COLOR, COLORTERM, TERM = '' } = env
  // https://no-color.org: set, and not empty.
  if ((NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb' || /-m(ono)?$|^vt\d/.test(TERM))
    return 'none'
  if (COLORTERM === 'truecolor' || COLORTERM === '24bit' || TERM.endsWith('-direct')) return 'truecolour'
  if (/256/.test(TERM) || /^(?:alacritty|foot|wezterm|xterm-kitty|xterm-ghostty)/.test(TERM)) return 256
  return 16
}

/** A packed colour as near as the terminal can show it, packed. */
export function reduce(colour: number, depth: ColourDepth): number {
  if (colour === 0 || depth === 'truecolour') return colour
  if (depth === 'none') return 0
  if (depth === 256) return (colour & truecolour) === 0 ? colour : palette | nearestOf256(colour & 0xffffff)
  if ((colour & palette) !== 0 && (colour & 0xff) < 16) return colour
  return palette | nearest(rgbOf(colour), sixteen)
}

/** Black or white, whichever can be read on this background. */
export function contrastTo(background: number): number {
  const rgb = rgbOf(background)
  const bright = 0.299 * ((rgb >> 16) & 0xff) + 0.587 * ((rgb >> 8) & 0xff) + 0.114 * (rgb & 0xff) > 100
  return palette | (bright ? 0 : 15)
}

/** SGR parameters for a packed colour. */
export function sgrOf(colour: number, background: boolean): string {
  const base = background ? 40 : 30
  if (colour === 0) return String(base + 9)
  if ((colour & truecolour) !== 0)
    return `${base + 8};2;${(colour >> 16) & 0xff};${(colour >> 8) & 0xff};${colour & 0xff}`
  const index = colour & 0xff
  if (index < 8) return String(base + index)
  return index < 16 ? String(base + 60 + index - 8) : `${base + 8};5;${index}`
}

/** The 16 colours as xterm has them: what people's terminals make of them is near that, mostly. */
const sixteen = [
  0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000,
  0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
]

const levels = [0, 95, 135, 175, 215, 255]

function rgbOf(colour: number): number {
  if ((colour & truecolour) !== 0) return colour & 0xffffff
  const index = colour & 0xff
  if (index < 16) return sixteen[index] ?? 0
  if (index >= 232) return (8 + (index - 232) * 10) * 0x10101
  const [red = 0, green = 0, blue = 0] = [36, 6, 1].map(by => levels[Math.floor((index - 16) / by) % 6])
  return (red << 16) | (green << 8) | blue
}

/** Of the cube of 6 x 6 x 6 and the greys. */
function nearestOf256(rgb: number): number {
  const parts = [(rgb >> 16) & 0xff, (rgb >> 8) & 0xff, rgb & 0xff]
  const [red = 0, green = 0, blue = 0] = parts.map(part =>
    part < 48 ? 0 : part < 115 ? 1 : Math.floor((part - 35) / 40),
  )
  const cube = 16 + 36 * red + 6 * green + blue
  const mean = parts.reduce((sum, part) => sum + part, 0) / 3
  const grey = 232 + Math.min(23, Math.max(0, Math.round((mean - 8) / 10)))
  const [one, other] = [cube, grey].map(index => distance(rgb, rgbOf(palette | index)))
  return (other ?? 0) < (one ?? 0) ? grey : cube
}

function nearest(rgb: number, among: readonly number[]): number {
  let best = 0
  for (let index = 1; index < among.length; index++) {
    if (distance(rgb, among[index] ?? 0) < distance(rgb, among[best] ?? 0)) best = index
  }
  return best
}

/** As the eye has it, roughly: https://www.compuphase.com/cmetric.htm */
function distance(one: number, other: number): number {
  const mean = (((one >> 16) & 0xff) + ((other >> 16) & 0xff)) / 2
  const red = ((one >> 16) & 0xff) - ((other >> 16) & 0xff)
  const green = ((one >> 8) & 0xff) - ((other >> 8) & 0xff)
  const blue = (one & 0xff) - (other & 0xff)
  return (2 + mean / 256) * red * red + 4 * green * green + (2 + (255 - mean) / 256) * blue * blue
}
