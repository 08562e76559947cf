/** The text of a writer's n-th message: of one line or of many, with what looks like another's label, some of them long. */
export function textOf(name: string, n: number): string {
  const lines = [`${name} ${n}`, 'bob:\tforged', '', `\ttab ${n}`].slice(0, 1 + (n % 4))
  if (n % 4 === 3) lines.push('x'.repeat((n % 16) * 1500 + 1))
  if (n % 4 === 2) lines.push('.')
  return lines.join('\n')
}
