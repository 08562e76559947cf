import type { TextLine } from '../../portal/llm-request.ts'

/** Nobody reads more, and a room's page could not show it: a model that never stops is stopped here. In UTF-16 units. */
const mostText = 200_000

/** Of names as they may be; what is looked at again with each piece. */
const longestLabel = 128

/**
 * The words of one answer as they come. Small models write their own name before it, and go on with what others might say; neither is
 * shown, not even its first letters.
 */
export class AnswerText {
  readonly #own: readonly string[]
  readonly #others: readonly string[]
  #thought = ''
  #text = ''
  /** Where somebody else's line begins; -1: nowhere so far. */
  #end = -1

  constructor(own: string, others: readonly string[]) {
    this.#own = labels(own)
    this.#others = others.flatMap(labels).filter(label => label.length < longestLabel)
  }

  add({ type, text }: TextLine): void {
    if (type === 'thought') this.#thought += text
    else {
      const from = Math.max(0, this.#text.length - longestLabel)
      this.#text += text
      if (this.#end < 0) this.#end = this.#othersFrom(from)
    }
  }

  /** Another attempt says it all anew. */
  restart(): void {
    this.#thought = ''
    this.#text = ''
    this.#end = -1
  }

  /** What may be shown so far. */
  get shown(): string {
    const own = this.#text.trimStart().slice(0, longestLabel).toLowerCase()
    if (own === '' || this.#own.some(label => label.toLowerCase().startsWith(own))) return this.#with('')
    const words = this.#words()
    const line = words.lastIndexOf('\n')
    const last = words.slice(line + 1)
    const held = this.#end < 0 && line >= 0 && this.#others.some(label => label.startsWith(last))
    return this.#with(held ? words.slice(0, line) : words)
  }

  /** All that there is, when nothing more comes. */
  get whole(): string {
    return this.#with(this.#words()).trimEnd()
  }

  /** It has begun to speak for somebody else, or does not end: nothing that comes now will be shown. */
  get isOver(): boolean {
    return this.#end >= 0 || this.#text.length + this.#thought.length > mostText
  }

  #with(words: string): string {
    if (this.#thought.trim() === '') return words.slice(0, mostText)
    const thought = `<think>${this.#thought.trimStart()}`.slice(0, mostText)
    return words === '' ? thought : `${thought.trimEnd()}</think>\n\n${words.slice(0, mostText)}`
  }

  #words(): string {
    return this.#text.slice(this.#start, this.#end < 0 ? undefined : this.#end)
  }

  /** Behind its own name and what is blank. */
  get #start(): number {
    const blank = blankAt(this.#text, 0)
    const start = this.#text.slice(blank, blank + longestLabel).toLowerCase()
    const own = this.#own.find(label => start.startsWith(label.toLowerCase()))
    return own === undefined ? blank : blankAt(this.#text, blank + own.length)
  }

  /** Not at its very start: there a name may be whom it speaks to. */
  #othersFrom(from: number): number {
    const start = Math.max(from, this.#start)
    const ends = this.#others.map(label => this.#text.indexOf(`\n${label}`, start)).filter(at => at >= 0)
    return ends.length === 0 ? -1 : Math.min(...ends)
  }
}

/** The first place from there on that is not blank. */
function blankAt(text: string, from: number): number {
  const blank = /\s*/y
  blank.lastIndex = from
  blank.test(text)
  return blank.lastIndex
}

/** As models write them. */
function labels(name: string): string[] {
  return [`${name}:`, `**${name}:**`, `**${name}**:`]
}
