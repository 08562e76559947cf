const words =
  'the soup is ready when rain comes over hills and somebody opens a window to let evening in while we talk about plans'.split(
    ' ',
  )

/** A room's text of so many messages by three people and an agent: short and long, lists, code, some narrative. */
export function roomText(count: number): string {
  const parts: string[] = []
  for (let n = 0; n < count; n++) {
    const lines = said(n)
    const author = n % 50 === 25 ? '' : `${['ann', 'bob', 'Courante', 'eve'][n % 4]}:`
    parts.push(author === '' ? `${lines[0]}\n\n` : `${author}\t${lines.join('\n\t')}\n\n`)
  }
  return parts.join('')
}

/** The last line of a message names it. */
export function lastLine(n: number): string {
  return `message number ${n}.`
}

function said(n: number): string[] {
  const sentence = Array.from({ length: 4 + ((n * 7) % 40) }, (_, i) => words[(n + i * 3) % words.length])
  const more =
    n % 9 === 0
      ? ['', '- one **thing**', '- another `thing`', '']
      : n % 23 === 0
        ? ['', '```js', `const soup = ${n}`, '```', '']
        : []
  return [sentence.join(' '), ...more, lastLine(n)]
}
