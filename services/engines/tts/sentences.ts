export interface Sentence {
  readonly text: string
  /** How it ends, which tells the pause after it: `part` of one that is too long to be spoken at once. */
  readonly end: 'sentence' | 'part'
}

/** Characters: some 13 s of speech. */
const usualLongest = 200
/** A cut at a comma before this part of the longest is worse than one between two words. */
const least = 0.3

/**
 * The sentences of a text, without what nobody speaks. None for a text of nothing but that. `longest`: in characters; what is
 * spoken at once can't be interrupted, and is heard when all of it is made.
 */
export function* sentencesOf(text: string, longest = usualLongest): Generator<Sentence> {
  let open = ''
  for (const { segment } of segmenter.segment(speakable(text))) {
    open += segment
    if (abbreviation.test(open) && open.length < longest) continue
    yield* parts(open, longest)
    open = ''
  }
  yield* parts(open, longest)
}

// The rules for where a sentence ends are nearly the same in all languages.
const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })
const abbreviation = /(?:^|[\s(.])(?:\p{Lu}|dr|mr|mrs|ms|prof|st|no|vs|e\.g|i\.e|approx)\.\s*$/iu

/** eSpeak would take < and [[ for markup. Orpheus and its like have marks such as <laugh>, which are for them. */
export function withoutMarkup(text: string): string {
  return text.replace(/[<>]/g, ' ').replace(/\[(?=\[)/g, '[ ')
}

/** A lone end of a line is a space, as in a text with hard breaks. */
function speakable(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/\n[ \t]*\n\s*/g, '\u2029')
    .replace(/[\p{Cc}\p{Co}\p{Cn}]/gu, ' ')
}

function* parts(sentence: string, longest: number): Generator<Sentence> {
  let rest = sentence.trim()
  while (rest.length > longest) {
    const at = cutOf(rest, longest)
    yield { text: rest.slice(0, at).trim(), end: 'part' }
    rest = rest.slice(at).trim()
  }
  if (rest !== '') yield { text: rest, end: 'sentence' }
}

/** After the last comma or the like, else between two words, else anywhere but inside of a character. */
function cutOf(text: string, longest: number): number {
  const shortest = Math.ceil(least * longest)
  const room = text.slice(0, longest)
  const comma = /^[^]*(?:[,;:–—](?=\s)|[、，；،])/u.exec(room)?.[0].length ?? 0
  if (comma >= shortest) return comma
  // In parts of about the same length: a word alone at the end sounds odd.
  const even = Math.ceil(text.length / Math.ceil(text.length / longest))
  const middle = room.slice(even).search(/\s/u)
  if (middle !== -1) return even + middle
  const space = room.search(/\s\S*$/u)
  if (space >= shortest) return space
  return text.codePointAt(longest - 1)! > 0xffff ? longest - 1 : longest
}
