/** The terminal's own foreground or background, an index of its 256-colour palette, or 24 bits of red, green and blue. */
export type Colour = 'default' | number | { readonly rgb: number }

export interface Style {
  readonly fg?: Colour
  readonly bg?: Colour
  readonly bold?: boolean
  readonly dim?: boolean
  readonly italic?: boolean
  readonly underline?: boolean
  readonly inverse?: boolean
  readonly strike?: boolean
  /** Where a click on it leads. */
  readonly link?: string
}

/*
 * Packed, as the cells of a canvas have it: a colour is 0 for the default, or its number with one of these bits set; the
 * other properties are bits of one byte.
 */
export const palette = 0x1000000
export const truecolour = 0x2000000

export const flags = { bold: 1, dim: 2, italic: 4, underline: 8, inverse: 16, strike: 32 } as const

export function packColour(colour: Colour | undefined): number {
  if (colour === undefined || colour === 'default') return 0
  return typeof colour === 'number' ? palette | (colour & 0xff) : truecolour | (colour.rgb & 0xffffff)
}

export function packFlags(style: Style): number {
  let bits = 0
  if (style.bold === true) bits |= flags.bold
  if (style.dim === true) bits |= flags.dim
  if (style.italic === true) bits |= flags.italic
  if (style.underline === true) bits |= flags.underline
  if (style.inverse === true) bits |= flags.inverse
  if (style.strike === true) bits |= flags.strike
  return bits
}
