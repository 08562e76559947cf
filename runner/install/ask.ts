import { relative } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { megabytes } from './bytes.ts'
import { factsOf, type Step } from './step.ts'

export type Group = 'environment' | 'models'

const titles: Record<Group, { title: string; question: string }> = {
  environment: { title: 'To prepare on this machine', question: 'Prepare this?' },
  models: { title: 'Models to download', question: 'Download these?' },
}

/** Shows the steps and asks once. Return means yes; Ctrl-C, Escape, or a signal means no. Needs a terminal. */
export async function ask(group: Group, steps: readonly Step[], io: Io, dir = io.cwd): Promise<'yes' | 'no'> {
  const { default: prompts } = await import('prompts')
  io.stdout.write(`\n${describe(group, steps, dir)}\n`)
  let stop = () => {}
  const onAbort = () => stop()
  io.signal.addEventListener('abort', onAbort)
  try {
    const answer = await prompts({
      type: 'confirm',
      name: 'yes',
      message: titles[group].question,
      initial: true,
      stdin: io.stdin,
      stdout: io.stdout,
      // The only way that prompts gives to the question itself, which has to give the terminal back when a signal comes.
      onRender(this: { abort(): void }) {
        stop = () => this.abort()
      },
    })
    return answer.yes === true && !io.signal.aborted ? 'yes' : 'no'
  } finally {
    io.signal.removeEventListener('abort', onAbort)
  }
}

/** The steps as text for people, with the sum of what is to be downloaded. */
export function describe(group: Group, steps: readonly Step[], dir: string): string {
  const all = steps.map(factsOf)
  const sum = all.reduce((total, facts) => total + (facts.bytes ?? 0), 0)
  const open = all.some(facts => facts.bytes === undefined)
  const total = [sum > 0 ? megabytes(sum) : '', open ? 'what pip downloads' : ''].filter(part => part !== '')
  const lines = [`${titles[group].title}${total.length === 0 ? '' : ` (${total.join(' and ')})`}:`]
  for (const facts of all) {
    const what = [facts.name, facts.bytes ? megabytes(facts.bytes) : '', facts.licence ?? '', facts.why]
    lines.push(`  ${what.filter(part => part !== '').join(', ')}`)
    lines.push(`      from ${facts.source}`, `      to   ${shorten(facts.target, dir)}`)
  }
  return lines.join('\n')
}

function shorten(path: string, dir: string): string {
  const inside = relative(dir, path)
  return inside === '' || inside.startsWith('..') ? path : inside
}
