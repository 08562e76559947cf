/** Of the output of cmake or of a compiler that failed: the lines that say why. */
export function lastWords(output: string): string {
  const lines = output
    .split('\n')
    .filter(line => line.trim() !== '' && !/^\s*(g?make\b|\[ *\d+%\])/.test(line))
  const first = lines.findIndex(line => line.startsWith('CMake Error'))
  if (first >= 0) return block(lines, first).slice(0, 16).join('\n')
  // What the compiler said, not what make said of it.
  const faults = lines.filter(line => /\berror\b/i.test(line))
  return (faults.length > 0 ? faults : lines).slice(-5).join('\n')
}

/** cmake's reason stands indented below the place; what it says behind that are consequences. */
function block(lines: readonly string[], first: number): readonly string[] {
  const end = lines.findIndex((line, at) => at > first && !/^\s/.test(line))
  return lines.slice(first, end < 0 ? undefined : end)
}
