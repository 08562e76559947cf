import { nameKey } from './agent.ts'

/** What is said in a text to whom, and nothing of what is quoted as code or only thought. */
export interface Mentions {
  /** Names with an @ before them, each once, in the order of the text. */
  readonly at: readonly string[]
  /** Names that stand in it as words, with or without @. */
  readonly named: readonly string[]
  readonly everyone: boolean
}

/** Names are compared without case; of names that begin alike the longest that fits counts. */
export function mentionsIn(text: string, names: readonly string[]): Mentions {
  const said = spoken(text)
  const nameOf = finder(names)
  const found = (pattern: RegExp): string[] => {
    const words = new Set(Array.from(said.matchAll(pattern), ([word]) => word.replace('@', '')))
    return [...new Set(Array.from(words, nameOf))].filter(name => name !== undefined)
  }
  const longest = names.toSorted((a, b) => b.length - a.length).map(escaped)
  const everyone = new RegExp(`${before}@everyone${after}`, 'iu').test(said)
  if (longest.length === 0) return { at: [], named: [], everyone }
  const any = longest.join('|')
  return {
    at: found(new RegExp(`${before}@(?:${any})${after}`, 'giu')),
    named: found(new RegExp(`${before}@?(?:${any})${after}`, 'giu')),
    everyone,
  }
}

/** Not behind what makes it part of a longer word, an address or a path. */
const before = String.raw`(?<![\p{L}\p{M}\p{N}_@/\\]|[\p{L}\p{M}\p{N}_][.+-])`
const after = String.raw`(?![\p{L}\p{M}\p{N}_@]|[.+-][\p{L}\p{N}_])`

/** The first of names that are the same. What a pattern takes for the same letter may have another lower case (ſ and s). */
function finder(names: readonly string[]): (word: string) => string | undefined {
  const byKey = new Map(names.toReversed().map(name => [nameKey(name), name]))
  return word => byKey.get(nameKey(word)) ?? names.find(name => isSame(name, word))
}

function isSame(a: string, b: string): boolean {
  return new RegExp(`^${escaped(a)}$`, 'iu').test(b)
}

/** Of the characters that a name may have, the dot alone means something in a pattern. */
function escaped(name: string): string {
  return name.normalize('NFC').replaceAll('.', String.raw`\.`)
}

/** Without code blocks, code spans and what an agent thought. */
function spoken(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/<think>[^]*?(?:<\/think>|$)/g, ' ')
    .replaceAll(/^ {0,3}(`{3,}|~{3,})[^]*?(?:^ {0,3}\1[`~]*[ \t]*$|(?![^]))/gm, ' ')
    .replaceAll(/(?<!`)(`+)(?!`)[^]*?[^`]\1(?!`)/g, ' ')
}
