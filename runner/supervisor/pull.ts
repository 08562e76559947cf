import { relative, resolve } from 'node:path'
import { isOffline } from '../../lib/offline.ts'
import type { PullRefusal, PullResult } from './events.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Pulls the checkout that `dir` lies in, fast-forward only, and never asks anything. */
export async function pull(dir: string, env: Env): Promise<PullResult> {
  const git = await gitIn(dir, env)
  const top = await git('rev-parse', '--show-toplevel')
  if (!top.ok) return top.missing ? refuse('no_git') : refuse('no_checkout', dir)
  const branch = await git('symbolic-ref', '--quiet', '--short', 'HEAD')
  if (!branch.ok) return refuse('detached')
  const remote = await git('config', `branch.${branch.out}.remote`)
  const upstream = await git('rev-parse', '--abbrev-ref', '@{upstream}')
  if (!remote.ok || !upstream.ok) return refuse('no_upstream', branch.out)
  // Files that git does not know do not count: a fast-forward leaves them alone, or refuses by itself.
  const changed = await git('status', '--porcelain', '--untracked-files=no')
  if (changed.out !== '')
    return refuse('dirty', '', firstThree(changed.out.split('\n').map(line => line.slice(3))))

  if (isOffline(env)) {
    const { out } = await git('remote', 'get-url', remote.out)
    if (isElsewhere(out)) return refuse('offline', hostIn(out))
  }
  const fetched = await git('fetch', '--quiet', remote.out)
  if (!fetched.ok) return refuse('unreachable', fetched.detail)
  const [before, after] = [await git('rev-parse', 'HEAD'), await git('rev-parse', '@{upstream}')]
  const apart = await git('rev-list', '--left-right', '--count', 'HEAD...@{upstream}')
  const [ahead = 0, behind = 0] = apart.out.split(/\s+/).map(Number)
  if (ahead > 0 && behind > 0) return refuse('diverged', `${ahead} here, ${behind} there`)
  if (behind > 0) {
    const merged = await git('merge', '--ff-only', '--quiet', '@{upstream}')
    if (!merged.ok) return notMerged(merged.detail)
  }
  return await pulled(git, resolve(dir, top.out), before.out, behind > 0 ? after.out : before.out)
}

/** A URL, or git's short form for ssh; anything else is a folder of this machine. */
function isElsewhere(remote: string): boolean {
  return /^(?!file:)[a-z][a-z+]*:\/\//i.test(remote) || /^[^/]+:/.test(remote)
}

/** Without the name and password that a URL may hold. */
function hostIn(remote: string): string {
  return URL.parse(remote)?.host || remote.replace(/^.*@/, '').replace(/:.*$/, '')
}

async function pulled(git: Git, top: string, before: string, after: string): Promise<PullResult> {
  const commit = await git('show', '-s', '--date=format-local:%Y-%m-%d %H:%M', '--format=%h%n%cd%n%s', after)
  if (!commit.ok) return refuse('failed', commit.detail)
  const [short = '', date = '', subject = ''] = commit.out.split('\n')
  const names = (await git('diff', '--name-only', before, after)).out.split('\n').filter(name => name !== '')
  const own = (path: string): string => relative(top, resolve(import.meta.dirname, '../..', path))
  const locks = [own('package-lock.json'), own('services/engines/package-lock.json')]
  const ours = [`${own('runner')}/`, `${own('lib')}/`]
  return {
    ok: true,
    updated: before !== after,
    before,
    after,
    short,
    date,
    subject,
    filesChanged: names.length,
    // Of another project's packages only Python's are ours to install.
    installs: names.some(name => locks.includes(name) || isRequirements(name)),
    lockfileChanged: names.includes('package-lock.json'),
    runnerChanged: names.some(name => ours.some(folder => name.startsWith(folder))),
  }
}

function isRequirements(name: string): boolean {
  return /(^|\/)requirements[^/]*\.txt$/.test(name)
}

function notMerged(detail: string): PullResult {
  const files = detail.split('\n').filter(line => line.startsWith('\t'))
  if (files.length > 0) return refuse('in_the_way', '', firstThree(files.map(line => line.trim())))
  return refuse('failed', lastLine(detail))
}

function firstThree(files: string[]): string[] {
  return files.length > 3 ? [...files.slice(0, 3), '…'] : files
}

function refuse(reason: PullRefusal, detail = '', files: string[] = []): PullResult {
  return { ok: false, reason, detail: reason === 'unreachable' ? lastLine(detail) : detail, files }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

type Git = (...args: string[]) => Promise<{ ok: boolean; missing: boolean; out: string; detail: string }>

async function gitIn(dir: string, env: Env): Promise<Git> {
  // Only here: the supervisor starts without it.
  const { execa } = await import('execa')
  return async (...args) => {
    const result = await execa('git', args, {
      cwd: dir,
      // Nobody can answer a question for a password, and a supervisor must not wait for one; words in one language.
      env: {
        ...env,
        GIT_TERMINAL_PROMPT: '0',
        GIT_SSH_COMMAND: env['GIT_SSH_COMMAND'] ?? 'ssh -o BatchMode=yes',
        LC_ALL: 'C',
      },
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      timeout: 60_000,
      forceKillAfterDelay: 1000,
    })
    return {
      ok: !result.failed,
      missing: result.code === 'ENOENT',
      out: result.stdout.trimEnd(),
      detail: result.timedOut ? 'no answer within 60 s' : result.stderr,
    }
  }
}
