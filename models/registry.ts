import { z } from 'zod'
import { jsonOrUndefined } from '../lib/parse-json.ts'
import type { Io } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { isOffline } from '../lib/offline.ts'
import { isLoopback } from './access.ts'
import { messages } from './messages.ts'
import { npmLogin } from './npm-login.ts'

const answer = z.union([
  z.string().transform(tarball => ({ tarball })),
  z.object({ error: z.object({ code: z.string().nullish(), summary: z.string() }) }),
])

/** Few and quick retries: with npm's own, a machine without a network would wait for more than a minute. */
const retries = ['--fetch-retries=1', '--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=1000']

/**
 * Where a package's tarball lies, and the headers that its registry wants: a secret, for the origin of `url` alone. npm is
 * asked, since only it knows its settings (registries, scopes, .npmrc files).
 */
export async function locate(
  from: { readonly npm: string; readonly version: string },
  options: NpmOptions,
): Promise<{ url: string; headers?: Readonly<Record<string, string>> }> {
  const what = `npm: ${from.npm}@${from.version}`
  if (isOffline(options.env)) await checkOffline(from.npm, options)
  const result = await npm(
    ['view', `${from.npm}@${from.version}`, 'dist.tarball', '--json', ...retries],
    options,
  )
  const parsed = answer.safeParse(jsonOrUndefined(result.stdout))
  // npm exits with 0 and says nothing if the package is there and the version is not.
  if (!parsed.success && result.exitCode === 0) throw new ProblemError(messages.notFound(what))
  if (!parsed.success) throw new ProblemError(messages.unreachable(what, lastLine(result.stderr)))
  if ('tarball' in parsed.data) {
    const headers = npmLogin(parsed.data.tarball, options.env, options.cwd)
    return { url: parsed.data.tarball, ...(Object.keys(headers).length === 0 ? {} : { headers }) }
  }
  const { code, summary } = parsed.data.error
  if (code === 'E404' || code === 'ETARGET') throw new ProblemError(messages.notFound(what))
  if (/^E[45]\d\d$/.test(code ?? '')) throw new ProblemError(messages.refused(what, (code ?? '').slice(1)))
  throw new ProblemError(messages.unreachable(`the npm registry (${what})`, code ?? summary))
}

interface NpmOptions {
  readonly env: Io['env']
  readonly cwd: string
  readonly signal: AbortSignal
}

const noProxies = { http_proxy: '', https_proxy: '', HTTP_PROXY: '', HTTPS_PROXY: '', proxy: '', PROXY: '' }

async function npm(words: readonly string[], { env, cwd, signal }: NpmOptions) {
  // Only here: a start that has nothing to install does without it.
  const { execa } = await import('execa')
  // What this machine's own registry would be reached through may itself lie elsewhere.
  const direct = isOffline(env) ? ['--proxy=false', '--https-proxy=false'] : []
  const result = await execa('npm', [...words, ...direct, '--no-update-notifier'], {
    cwd,
    env: isOffline(env) ? { ...env, ...noProxies } : env,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 1000,
  })
  signal.throwIfAborted()
  if (result.code === 'ENOENT') throw new ProblemError(messages.noNpm())
  return result
}

/** npm is not started where it would go to another machine: its settings say where it would go, and reading them opens nothing. */
async function checkOffline(name: string, options: NpmOptions): Promise<void> {
  const scope = /^(@[^/]+)\//.exec(name)?.[1]
  const keys = [...(scope === undefined ? [] : [`${scope}:registry`]), 'registry']
  for (const key of keys) {
    const { stdout } = await npm(['config', 'get', key], options)
    const url = URL.parse(stdout.trim())
    if (url === null) continue
    if (isLoopback(url.hostname)) return
    throw new ProblemError(messages.offline(url.host))
  }
  throw new ProblemError(messages.offline('the npm registry'))
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
