let segmenter: Intl.Segmenter | undefined

/** What people call characters: an emoji with its modifiers, a letter with its accents. */
export function graphemes(text: string): string[] {
  segmenter ??= new Intl.Segmenter()
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}
