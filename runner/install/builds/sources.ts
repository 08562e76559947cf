import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Io } from '../../../lib/io.ts'
import type { Problem } from '../../../lib/problem.ts'
import { fetchModel } from '../../../models/fetch.ts'
import { messages } from '../messages.ts'
import type { ProgressLine } from '../progress.ts'
import { runLogged } from '../run-logged.ts'
import type { BuildPlace, BuildStep } from './build.ts'

/** Brings them into `sources` of the hidden folder. */
export async function bringSources(
  step: BuildStep,
  { base, hidden, log }: BuildPlace,
  io: Io,
  progress: Pick<ProgressLine, 'update' | 'note'>,
): Promise<Problem | undefined> {
  const { program, root, dir } = step
  const { from, name } = program
  const target = join(hidden, 'sources')
  if (from.type === 'bundle') {
    // Nothing of the user's: no templates, hooks or filters.
    const env = { ...io.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
    const args = ['-c', 'advice.detachedHead=false', 'clone', '--quiet', join(root, from.path), target]
    const result = await runLogged('git', args, { cwd: hidden, env, log, signal: io.signal })
    if (result.type === 'aborted') return messages.interrupted(name, String(io.signal.reason))
    return result.type === 'failed' ? messages.buildFailed(name, log, result.output.slice(-2000)) : undefined
  }
  const folder = join(hidden, 'archive')
  const problem = await fetchModel(
    {
      id: name,
      why: program.why,
      licence: program.licence,
      from: from.source,
      base: hidden,
      folder,
      files: [{ path: 'sources', folder: from.inside }],
    },
    {
      // Where a download that was cut short waits for the next try.
      modelsDir: base,
      env: io.env,
      cwd: dir,
      signal: io.signal,
      onProgress: progress.update,
      onNotice: progress.note,
    },
  )
  if (problem !== undefined) return problem
  await rename(join(folder, 'sources'), target)
  return undefined
}
