import { execFile } from 'node:child_process'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { satisfies } from '../install/version.ts'
import { messages } from '../messages.ts'
import type { Check } from './check.ts'
import { says } from './messages.ts'
import type { Subject } from './subject.ts'

export function node({ context }: Subject): Check[] {
  const wanted = context?.loaded.stack.environment.node
  if (wanted !== undefined && satisfies(process.versions.node, wanted) === 'no')
    throw new ProblemError(messages.wrongNode(wanted, process.versions.node))
  return [says.node(process.versions.node, process.execPath)]
}

/** What the key P would run into: it pulls what the branch follows, and only into a checkout without changes. */
export async function git({ dir }: Subject, io: Io): Promise<Check[]> {
  const { promise, resolve } = Promise.withResolvers<{ text: string; code: string }>()
  execFile(
    'git',
    // No lock: a look writes nothing, not even git's own notes on what it has seen.
    [
      '--no-optional-locks',
      '-c',
      'core.fsmonitor=false',
      'status',
      '--porcelain=v2',
      '--branch',
      '--untracked-files=no',
    ],
    { cwd: dir, env: io.env, timeout: 10_000, maxBuffer: 1 << 26 },
    (error, stdout) => resolve({ text: stdout, code: String(error?.code ?? '') }),
  )
  const { text, code } = await promise
  if (code === 'ENOENT') return [says.noGit()]
  if (code !== '') return [says.noCheckout()]
  const lines = text.split('\n')
  const fact = (name: string): string | undefined =>
    lines.find(line => line.startsWith(`# branch.${name} `))?.slice(`# branch.${name} `.length)
  const branch = fact('head') ?? ''
  const upstream = fact('upstream')
  if (branch === '(detached)') return [says.detached(dir)]
  if (upstream === undefined) return [says.noUpstream(dir, branch)]
  const changed = lines.filter(line => /^[12u] /.test(line)).length
  return [changed > 0 ? says.changed(dir, changed) : says.followed(branch, upstream)]
}
