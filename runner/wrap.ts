/** Breaks a text at blanks into lines of so many columns; `first` begins the first of them, `indent` each further one. */
export function wrap(text: string, width: number, first = '', indent = ''): string[] {
  const lines: string[] = []
  const [start = '', ...words] = text.split(' ')
  let line = first + start
  for (const word of words) {
    if (line.length + 1 + word.length > width) {
      lines.push(line)
      line = indent + word
    } else line += ` ${word}`
  }
  return [...lines, line]
}
