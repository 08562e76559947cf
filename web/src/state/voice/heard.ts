/** What is being said and not written down yet, oldest first. */
export type Heard = readonly {
  readonly item: string
  /** What was made out so far; only a backend that sends partial results fills it. */
  readonly text: string
}[]

export type HeardEvent =
  | { readonly type: 'speech_started'; readonly item: string }
  | { readonly type: 'delta'; readonly item: string; readonly text: string }
  /** Its words came, or it was nothing. */
  | { readonly type: 'over'; readonly item: string }

export function changeHeard(heard: Heard, event: HeardEvent): Heard {
  switch (event.type) {
    case 'speech_started':
      return [...heard, { item: event.item, text: '' }]
    case 'delta':
      return heard.map(one => (one.item === event.item ? { ...one, text: one.text + event.text } : one))
    case 'over':
      return heard.some(one => one.item === event.item) ? heard.filter(one => one.item !== event.item) : heard
  }
}

/** Without its last word, which may still become another one. */
export function heldBack(text: string): string {
  return text.replace(/\s*\S*$/, '')
}
