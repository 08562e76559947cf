/**
 * How wide characters are in a terminal, and which of them share a cell: one answer for what we draw and for what the
 * emulator of the panes draws (it is given `joinOf`). After UAX 11 and UAX 29 (Unicode 17), as today's terminals have it:
 * emoji have two columns, also where a variation selector makes them so; a family, a flag, a skin tone is one of them.
 */
export function widthOf(text: string): number {
  let width = 0
  let join = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
      join = 0
      continue
    }
    const whole = code < 0x300 ? code : (text.codePointAt(at) ?? code)
    if (whole > 0xffff) at += 1
    const next = joinOf(whole, join)
    width += widthIn(next) - ((next & 1) === 1 ? widthIn(join) : 0)
    join = next
  }
  return width
}

/**
 * What a code point does after another one: bit 0 is set if it goes into the same cell, bits 1 and 2 are the columns that
 * the cell has then, above that stands what the next code point has to know. `before`: the same of the one before, 0 at a
 * beginning. A mark without anything before it joins with width 0: it goes to whatever stands there already.
 */
export function joinOf(code: number, before: number): number {
  if (code < 0x7f)
    return code <= 0x39 && (code >= 0x30 || code === 0x23 || code === 0x2a) ? digitAlone : alone
  const traits = traitsOf(code)
  const width = traits & 3
  const widthBefore = widthIn(before)
  const kind = (before >> 3) & 7
  const joined = (before >> 6) + 1
  if (width === 0) {
    if (widthBefore === 0) return 1
    // Marks without end would be memory without end: the next one has a cell of its own.
    if (joined > mostInCell) return alone
    if (code === 0x200d) return pack(kind === pictograph ? pictographAndJoiner : kind, widthBefore, joined)
    const emoji = code === 0xfe0f && (kind === pictograph || kind === digit)
    return pack(kind, emoji ? 2 : widthBefore, joined)
  }
  if (widthBefore > 0 && joined <= mostInCell) {
    if ((traits & isPictograph) !== 0 && kind === pictographAndJoiner) return pack(pictograph, 2, joined)
    if (code >= 0x1f3fb && code <= 0x1f3ff && kind === pictograph) return pack(pictograph, 2, joined)
    if ((traits & isRegional) !== 0 && kind === regional) return pack(0, 2, joined)
  }
  const own = (traits & isPictograph) !== 0 ? pictograph : (traits & isRegional) !== 0 ? regional : 0
  return (own << 3) | (width << 1)
}

/** The columns of the cell, out of an answer of `joinOf`. */
export function widthIn(join: number): number {
  return (join >> 1) & 3
}

/** Columns of a code point that stands alone. */
export function widthOfCode(code: number): number {
  return code < 0x7f ? 1 : traitsOf(code) & 3
}

// What a code point is to the one after it.
const pictograph = 1
const pictographAndJoiner = 2
const regional = 3
const digit = 4

const alone = 1 << 1
const digitAlone = (digit << 3) | alone

/** Code points that may join one that stands in a cell. */
const mostInCell = 31

function pack(kind: number, width: number, joined: number): number {
  return (joined << 6) | (kind << 3) | (width << 1) | 1
}

// Traits: bits 0 and 1 are the width.
const isPictograph = 4
const isRegional = 8
const known = 16

/** Filled as code points are met; 0: not yet. */
const traits = new Uint8Array(0x20000)

function traitsOf(code: number): number {
  if (code >= 0x20000) return code < 0x40000 ? 2 : code >= 0xe0000 && code < 0xe1000 ? 0 : 1
  const found = traits[code] ?? 0
  return found === 0 ? (traits[code] = known | findTraits(code)) : found
}

function findTraits(code: number): number {
  const text = String.fromCodePoint(code)
  if (code >= 0x1f1e6 && code <= 0x1f1ff) return isRegional | 1
  if (isZeroWide(code, text)) return 0
  const width = isWide(code) ? 2 : 1
  return /\p{Extended_Pictographic}/u.test(text) ? isPictograph | width : width
}

/** Marks, invisible formatting (but not the signs that enclose Arabic numbers), and the later parts of a Hangul syllable. */
function isZeroWide(code: number, text: string): boolean {
  if (code === 0xad || /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]/u.test(text))
    return false
  return /[\p{Mn}\p{Me}\p{Cf}\p{Zl}\p{Zp}\u1160-\u11ff\ud7b0-\ud7ff]/u.test(text)
}

function isWide(code: number): boolean {
  if (code < 0x1100) return false
  const ranges = (wideRanges ??= decodeRanges(wide))
  let low = 0
  for (let high = ranges.length; low < high;) {
    const middle = (low + high) >>> 1
    if ((ranges[middle] ?? 0) <= code) low = middle + 1
    else high = middle
  }
  // Behind the first code point of a range, and not behind its last.
  return (low & 1) === 1
}

let wideRanges: number[] | undefined

/** First code point of each range and the one behind its last, alternating. */
function decodeRanges(text: string): number[] {
  let at = 0
  return text.split(' ').flatMap(range => {
    const [distance = '0', length = '0'] = range.split('+')
    const first = at + parseInt(distance, 36)
    at = first + parseInt(length, 36)
    return [first, at + 1]
  })
}

/**
 * East_Asian_Width W and F (Unicode 17), in base 36: how far a range's first code point is behind the last of the one
 * before, and how far its last one is behind its first.
 */
const wide =
  '3cw+2n 3i3+1 e+1 5b+3 4 3 ei+1 m+1 r+7 h+b 18 b+5 4 e 9+1 i+1 6+1 9 6 m 8+1 2 5 3 8 5+1 t 10 2 ' +
  '5+2 2 1q+2 p f nw+1 1g 5 mj+p 2+2g d+5x r+1l 5+g 3+2d 5+2s 6+16 2+2l 2+2d a+1b 2+13 9+mkc 4+1i ' +
  'wq+s hw+8mb 6l9+e7 lt+9 n+y 2+i 2+3 46+2n 3k+6 m4a+3 d+6 a+5p1 16+v 2q+36 6pq+3 2+6 2+1 2+82 g ' +
  'u+2 3 f+3 9+az 6bp+2e a+m 5n2 5n 5b 3+9 2u+2 e+17 5+8 8+1 f+5 4b+w d+8 2+1x 2+l d+16 5+4 d+g 4 ' +
  '4+1y 2 2+56 3+1q e+3 2+n j r+1 e 2f+2c 1d+1x 7 4+2 3+3 4+3 c+1 8+8 6c+b 5 7w+1a 2+9 2+54 35+c ' +
  '4+a 4+1k 2 5+f 3+b 5+9'
