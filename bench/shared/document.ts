import { availableParallelism, cpus, totalmem } from 'node:os'

export function markdown([head, ...rows]: readonly (readonly string[])[]): string {
  const line = (row: readonly string[] = []): string => `| ${row.join(' | ')} |`
  return [line(head), line(head?.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Puts `content` between the markers that a bench's program has in a document. */
export function between(program: string, text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}: written by ${program} -->`, `<!-- end of ${name} -->`]
  const from = text.indexOf(begin)
  const to = text.indexOf(end, from)
  if (from === -1 || to < from) throw new Error(`no markers for ${name}`)
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`
}

/** Date, machine and Node, for the line above a table. */
export function machine(): string[] {
  return [
    new Date().toISOString().slice(0, 10),
    `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB`,
    `Node ${process.versions.node}`,
  ]
}
