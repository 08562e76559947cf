/** Of a model in parts: the number of this one, and how many there are. */
export const partName = /-(\d{5})-of-(\d{5})\.gguf$/i

/** All the files of a model in parts, this one first; itself alone for any other. */
export function partsOf(path: string): string[] {
  const [, number, count] = partName.exec(path) ?? []
  const parts = Number(count ?? 1)
  if (number === undefined || parts > 1000) return [path]
  return Array.from({ length: parts }, (_, i) =>
    path.replace(partName, `-${String(i + 1).padStart(5, '0')}-of-${count}.gguf`),
  )
}
