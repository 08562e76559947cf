export interface Thought {
  readonly text: string
  /** Its end has not come. */
  readonly isOpen: boolean
}

/** What a model thought before its answer, and the answer. `<think>` inside of the answer is text as any other. */
export function splitThoughts(text: string): {
  readonly thoughts: readonly Thought[]
  readonly answer: string
} {
  const thoughts: Thought[] = []
  let rest = text
  for (let match = opening.exec(rest); match !== null; match = opening.exec(rest)) {
    const begin = match[0].length
    const end = rest.indexOf(closing, begin)
    const thought = rest.slice(begin, end === -1 ? undefined : end).trim()
    rest = end === -1 ? '' : rest.slice(end + closing.length)
    if (thought !== '' || end === -1) thoughts.push({ text: thought, isOpen: end === -1 })
  }
  return { thoughts, answer: thoughts.length === 0 ? rest : rest.replace(/^\s*\n/, '') }
}

/** The answer alone: what is copied, and read aloud. */
export function answerOf(text: string): string {
  return splitThoughts(text).answer.trim()
}

/** The beginning of a tag that is not there yet: nothing to show. */
export function isHalfOpening(text: string): boolean {
  const begun = text.trimStart()
  return begun.length < 7 && '<think>'.startsWith(begun)
}

const opening = /^\s*<think>/
const closing = '</think>'
