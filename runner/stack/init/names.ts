/** Makes any text a name that stack.yaml takes: `[a-z][a-z0-9-]{0,30}`. */
export function validName(text: string, otherwise: string): string {
  const name = text
    .replace(/^@[^/]*\//, '')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 31)
    .replace(/-+$/, '')
  return name === '' ? otherwise : name
}

/** The name, with a number behind it where it is taken. */
export function uniqueName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  for (let number = 2; ; number++) {
    const numbered = `${name.slice(0, 31 - String(number).length - 1)}-${number}`
    if (!taken.has(numbered)) return numbered
  }
}
