/** Words as they are compared: lower case, no punctuation, hyphens split. */
export function words(text: string): string[] {
  return text
    .toLowerCase()
    .replaceAll('-', ' ')
    .replaceAll(/[^\p{L}\p{N}' ]/gu, '')
    .split(/\s+/)
    .filter(word => word !== '')
}

/**
 * What `whole` says after `before`: its words that follow the best alignment (Levenshtein, by word) of `before` with a
 * beginning of `whole`. Undefined if over 40 % of `before` had to be changed: the two are not about the same audio.
 */
export function textAfter(before: string, whole: string): string | undefined {
  const said = words(before)
  const shown = whole.split(/\s+/).filter(word => word !== '')
  const row = editRow(
    said,
    shown.map(word => words(word).join('')),
  )
  let cut = 0
  for (const [j, cost] of row.entries()) if (cost <= (row[cut] ?? 0)) cut = j
  if ((row[cut] ?? 0) > said.length * 0.4) return undefined
  return shown.slice(cut).join(' ')
}

/** The text that is nearest to all the others, by words; the first of equals. */
export function medoid(texts: readonly string[]): string {
  const split = texts.map(words)
  let best = { text: '', cost: Infinity }
  for (const [i, text] of texts.entries()) {
    const cost = split.reduce((sum, other) => sum + (editRow(split[i] ?? [], other).at(-1) ?? 0), 0)
    if (cost < best.cost) best = { text, cost }
  }
  return best.text
}

/**
 * Of hearings that differ only in how their last word ends (America, American, Americans) the longest, else `text`: a model
 * loses the last sounds of an utterance far more often than it invents some.
 */
export function longestEnding(text: string, texts: readonly string[]): string {
  let best = text
  for (const other of texts) {
    const [a, b] = [words(best), words(other)]
    const same = a.length === b.length && a.slice(0, -1).every((word, i) => word === b[i])
    const [end = '', otherEnd = ''] = [a.at(-1), b.at(-1)]
    const longer = otherEnd.length - end.length
    if (same && longer > 0 && longer <= 2 && otherEnd.startsWith(end)) best = other
  }
  return best
}

/** The last row of the edit-distance table: the cost of turning `from` into each beginning of `to`. */
function editRow(from: readonly string[], to: readonly string[]): number[] {
  let row = Array.from({ length: to.length + 1 }, (_, j) => j)
  for (const [i, word] of from.entries()) {
    const next = [i + 1]
    for (const [j, other] of to.entries()) {
      const swap = (row[j] ?? 0) + (word === other ? 0 : 1)
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row
}
