import { htmlWords as words } from '../messages.ts'
import { markdownHtml } from './markdown.ts'
import { article, type Said } from './plain.ts'

/**
 * A message as an HTML fragment that is safe to put into a page: an `<article class="message">` with the label and the text.
 * It can run for long on texts that were made for it; `Renderer` (renderer.ts) bounds that, and keeps what was rendered.
 */
export function messageHtml({ author, text }: Said): string {
  return article(author, thoughtsAndAnswer(text))
}

/** Only what stands before the answer are thoughts; `<think>` inside of it is text as any other. */
function thoughtsAndAnswer(text: string): string {
  let html = ''
  let rest = text
  for (let match = opening.exec(rest); match !== null; match = opening.exec(rest)) {
    const begin = match[0].length
    const end = rest.indexOf(closing, begin)
    // Without an end: it was interrupted while it thought.
    const thought = rest.slice(begin, end === -1 ? undefined : end)
    rest = end === -1 ? '' : rest.slice(end + closing.length)
    const summary = `<summary>${words.thoughts}</summary>`
    if (thought.trim() !== '')
      html += `<details class="think">${summary}${markdownHtml(thought.trim())}</details>`
  }
  return html + markdownHtml(rest)
}

const opening = /^\s*<think>/
const closing = '</think>'
