/** How many columns of a terminal a text takes; close enough to keep a few lines in their place. */
export function cellsOf(text: string): number {
  let cells = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) cells += isWide(segment) ? 2 : 1
  return cells
}

/** A text's lines as a terminal of so many columns shows them. */
export function rowsOf(text: string, columns: number): string[] {
  return text.split('\n').flatMap(line => {
    const rows: string[] = []
    let row = ''
    let used = 0
    for (const { segment } of new Intl.Segmenter().segment(line.replaceAll('\t', '  '))) {
      const cells = isWide(segment) ? 2 : 1
      if (used + cells > columns) {
        rows.push(row)
        row = ''
        used = 0
      }
      row += segment
      used += cells
    }
    rows.push(row)
    return rows
  })
}

function isWide(segment: string): boolean {
  return /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uFF01-\uFF60]/u.test(
    segment,
  )
}
