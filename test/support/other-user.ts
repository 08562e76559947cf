import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'

/** A user of this machine, made for one test and removed at the end of its scope. */
export interface OtherUser extends AsyncDisposable {
  readonly name: string
  readonly uid: number
  /** Runs a script of `sh -eu` as this user, in `/`, and gives what it printed. Throws when it fails. */
  sh(script: string): Promise<string>
  /** As `sh`, and tells how it ended; for what is forbidden. */
  tries(script: string): Promise<{ exitCode?: number | undefined; stderr: string }>
  /** This process with this user's rights on files, for what can't be said in a shell. */
  be<T>(work: () => Promise<T>): Promise<T>
  /** A program of `test/support/programs` that becomes this user before it does anything: `program UID ARGS…`. */
  start(program: string, args: readonly string[]): ChildProcess
}

/** Why no test with other users can run here; false if they can. */
export function noOtherUsers(): string | false {
  if (process.platform !== 'linux') return 'other users: on Linux only'
  if (userInfo().uid !== 0) return 'other users: only root can make them'
  for (const [tool, pack] of [
    ['useradd', 'passwd'],
    ['setfacl', 'acl'],
  ]) {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' })
    } catch {
      return `other users: ${tool} is missing (package ${pack})`
    }
  }
  const probe = mkdtempSync(join(tmpdir(), 'courante-test-'))
  try {
    execFileSync('setfacl', ['-m', 'u:1:r', probe], { stdio: 'ignore' })
    return false
  } catch {
    return `other users: the file system of ${tmpdir()} has no access control lists`
  } finally {
    rmdirSync(probe)
  }
}

const prefix = 'courtest'
let made = 0

export async function otherUser(): Promise<OtherUser> {
  await removeForgotten()
  const name = `${prefix}-${process.pid}-${++made}`
  await execa('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--home-dir=/nonexistent',
    '--shell=/bin/sh',
    name,
  ])
  const uid = Number((await execa('id', ['-u', name])).stdout)
  const gid = Number((await execa('id', ['-g', name])).stdout)
  const as = { uid, gid, cwd: '/', timeout: 60_000 } as const
  return {
    name,
    uid,
    sh: async script => (await execa('sh', ['-euc', script], as)).stdout,
    tries: script => execa('sh', ['-euc', script], { ...as, reject: false }),
    be: work => become(uid, gid, work),
    start: (program, args) =>
      spawn(process.execPath, [join(import.meta.dirname, 'programs', program), String(uid), ...args], {
        cwd: '/',
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    [Symbol.asyncDispose]: () => remove(name),
  }
}

async function become<T>(uid: number, gid: number, work: () => Promise<T>): Promise<T> {
  const groups = process.getgroups?.() ?? []
  process.setgroups?.([])
  process.setegid?.(gid)
  process.seteuid?.(uid)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
    process.setgroups?.(groups)
  }
}

/** Those of tests that were killed. */
async function removeForgotten(): Promise<void> {
  for (const [, name = '', pid] of readFileSync('/etc/passwd', 'utf8').matchAll(
    new RegExp(`^(${prefix}-(\\d+)-\\d+):`, 'gm'),
  )) {
    try {
      process.kill(Number(pid), 0)
    } catch {
      await remove(name)
    }
  }
}

async function remove(name: string): Promise<void> {
  await execa('userdel', [name])
}
