/** A snippet in pieces; `marked` is what was looked for. */
export function snippetParts(snippet: string): { text: string; marked: boolean }[] {
  const parts: { text: string; marked: boolean }[] = []
  let marked = false
  for (const text of snippet.replaceAll(/\s+/g, ' ').split(/([\u0002\u0003])/)) {
    if (text === '\u0002') marked = true
    else if (text === '\u0003') marked = false
    else if (text !== '') parts.push({ text, marked })
  }
  return parts
}

/** The address of a search; undefined where nothing is looked for yet. */
export function searchPath(words: string, room: string | undefined): string | undefined {
  const q = words.trim().slice(0, 500)
  if (q === '') return undefined
  const query = new URLSearchParams({ q, limit: '50' })
  if (room !== undefined) query.set('room', room)
  return `/api/search?${query.toString()}`
}

/** What can be gone to by name, best first: names that begin so before those with a word that does, before those with it inside. */
export function byName<P extends { readonly name: string }>(places: readonly P[], words: string): P[] {
  const wanted = words.trim().toLocaleLowerCase()
  const rank = ({ name }: P): number => {
    const lower = name.toLocaleLowerCase()
    if (lower.startsWith(wanted)) return 0
    if (lower.split(/[\s/_.-]+/).some(word => word.startsWith(wanted))) return 1
    return lower.includes(wanted) ? 2 : 3
  }
  return places.filter(place => rank(place) < 3).sort((a, b) => rank(a) - rank(b))
}
