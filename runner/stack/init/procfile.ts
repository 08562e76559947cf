import type { ProcfileLine } from './found.ts'

export interface ProcfileFault {
  readonly line: number
  readonly reason: 'form' | 'twice'
}

/** Foreman's format: `name: command`, one a line; empty lines and comments are passed over. */
export function parseProcfile(text: string): ProcfileLine[] | ProcfileFault {
  const lines: ProcfileLine[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const content = raw.trim()
    if (content === '' || content.startsWith('#')) continue
    const [, name, command] = /^([\w-]+)\s*:\s*(.+)$/.exec(content) ?? []
    if (name === undefined || command === undefined) return { line: index + 1, reason: 'form' }
    if (lines.some(one => one.name === name)) return { line: index + 1, reason: 'twice' }
    lines.push({ line: index + 1, name, command })
  }
  return lines
}
