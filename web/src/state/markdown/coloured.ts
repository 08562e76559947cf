import { limits } from './limits.ts'
import type { Tree } from './tree.ts'

/** A block of code with its colours. */
export interface Coloured {
  readonly code: string
  readonly language: string
  readonly tree: Tree
  /** Milliseconds on the page's clock, before which code that grows is not coloured again. */
  readonly pauseUntil: number
}

/** Some languages' patterns go over a line again from each of its letters. */
export function canBeColoured(code: string): boolean {
  if (code.length > limits.highlighted) return false
  const lengths = code.split('\n').map(({ length }) => length)
  const squares = lengths.reduce((sum, length) => sum + length * length, 0)
  return squares <= limits.codeSquares && lengths.every(length => length <= limits.codeLine)
}

/** Colours of the last blocks, so that one which is scrolled back into view doesn't flash. */
export class KeptColours {
  readonly #kept = new Map<string, Coloured>()
  #length = 0

  get(code: string, language: string): Coloured | undefined {
    return this.#kept.get(keyOf(code, language))
  }

  /** Only what is whole: of code that grows, each beginning would be another tree. */
  add(coloured: Coloured): void {
    const key = keyOf(coloured.code, coloured.language)
    if (this.#kept.has(key)) return
    this.#kept.set(key, coloured)
    this.#length += key.length
    for (const [oldest] of this.#kept) {
      if (this.#length <= limits.keptCode || oldest === key) break
      this.#kept.delete(oldest)
      this.#length -= oldest.length
    }
  }
}

function keyOf(code: string, language: string): string {
  return `${language}\n${code}`
}
