import { z } from 'zod'
import { jsonOrUndefined } from '../lib/parse-json.ts'
import type { Io } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { messages } from './messages.ts'

const answer = z.union([
  z.string().transform(tarball => ({ tarball })),
  z.object({ error: z.object({ code: z.string().nullish(), summary: z.string() }) }),
])

/** Few and quick retries: with npm's own, a machine without a network would wait for more than a minute. */
const retries = ['--fetch-retries=1', '--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=1000']

/** Where a package's tarball lies. npm is asked, since only it knows its settings (registries, scopes, .npmrc files). */
export async function locate(
  from: { readonly npm: string; readonly version: string },
  options: { readonly env: Io['env']; readonly cwd: string; readonly signal: AbortSignal },
): Promise<{ url: string }> {
  const what = `npm: ${from.npm}@${from.version}`
  // Only here: a start that has nothing to install does without it.
  const { execa } = await import('execa')
  const result = await execa(
    'npm',
    ['view', `${from.npm}@${from.version}`, 'dist.tarball', '--json', ...retries],
    {
      cwd: options.cwd,
      env: options.env,
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      cancelSignal: options.signal,
      forceKillAfterDelay: 1000,
    },
  )
  options.signal.throwIfAborted()
  if (result.code === 'ENOENT') throw new ProblemError(messages.noNpm())
  const parsed = answer.safeParse(jsonOrUndefined(result.stdout))
  // npm exits with 0 and says nothing if the package is there and the version is not.
  if (!parsed.success && result.exitCode === 0) throw new ProblemError(messages.notFound(what))
  if (!parsed.success) throw new ProblemError(messages.unreachable(what, lastLine(result.stderr)))
  if ('tarball' in parsed.data) return { url: parsed.data.tarball }
  const { code, summary } = parsed.data.error
  if (code === 'E404' || code === 'ETARGET') throw new ProblemError(messages.notFound(what))
  if (/^E[45]\d\d$/.test(code ?? '')) throw new ProblemError(messages.refused(what, (code ?? '').slice(1)))
  throw new ProblemError(messages.unreachable(`the npm registry (${what})`, code ?? summary))
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
