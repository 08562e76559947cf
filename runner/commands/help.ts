import type { Io } from '../../lib/io.ts'
import { commands } from './index.ts'
import { scriptUsages } from '../script-usages.ts'

export async function run(_argv: readonly string[], io: Io): Promise<number> {
  const ours = Object.values(commands)
  const scripts = await scriptUsages()
  const lines = [
    'courante: a local AI stack that comes up with one command',
    '',
    'The stack',
    ...ours.map(entry),
    '',
    ...(scripts.length === 0 ? [] : ['Use it', ...scripts.map(entry), '']),
    'Exit codes: 0 done · 1 failed · 2 wrong use · 3 declined · 4 nothing is running · 128+n ended by signal n',
    'More: README.md, docs/',
  ]
  io.stdout.write(`${lines.join('\n')}\n`)
  return 0
}

function entry({ usage, summary }: { usage: string; summary: string }): string {
  const shown = usage.replace(' [--stack FILE] [--home DIR]', '')
  return `  ${shown.padEnd(46)}${shown.length > 45 ? `\n${' '.repeat(48)}` : ''}${summary}`
}
