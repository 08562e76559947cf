import { escapeHtml } from './escape.ts'

export interface Said {
  /** Null: narrative. */
  readonly author: string | null
  readonly text: string
}

/** A message's frame and label around a body, which is HTML already. */
export function article(author: string | null, body: string): string {
  // A name may hold characters that turn the direction of what follows: <bdi> keeps that inside.
  const label = author === null ? '' : `<header class="author"><bdi>${escapeHtml(author)}</bdi></header>`
  const name = author === null ? 'message narrative' : 'message'
  return `<article class="${name}">${label}<div class="text" dir="auto">${body}</div></article>`
}

/** The text as it is, for one that could not be rendered in its time. Needs none of the libraries. */
export function plainMessageHtml({ author, text }: Said): string {
  return article(author, plainText(text))
}

export function plainText(text: string): string {
  return `<pre class="plain">${escapeHtml(text)}</pre>`
}
