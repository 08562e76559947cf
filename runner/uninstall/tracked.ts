import { execFile } from 'node:child_process'
import { basename, dirname, join } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { problems } from './messages.ts'
import { isInside, lstatOf, realOf } from './paths.ts'

/**
 * Those files of the paths that a git checkout has: they are the project's, whatever their names. Absolute. Throws a
 * ProblemError where git should know and can't say.
 */
export async function trackedFiles(paths: readonly string[], env: Io['env']): Promise<ReadonlySet<string>> {
  const byFolder = new Map<string, string[]>()
  // A path below a link is an error to git; where it leads to, another checkout may have it.
  const real = new Map(paths.map(path => [path, join(realOf(dirname(path)), basename(path))]))
  for (const path of real.values()) {
    const folder = nearestFolder(path)
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), path])
  }
  const lists = await Promise.all(Array.from(byFolder, ([folder, some]) => listFiles(folder, some, env)))
  const files = lists.flat()
  const asNamed = Array.from(real).flatMap(([path, at]) =>
    path === at ? [] : files.filter(file => isInside(file, at)).map(file => path + file.slice(at.length)),
  )
  return new Set([...files, ...asNamed])
}

async function listFiles(folder: string, paths: readonly string[], env: Io['env']): Promise<string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  // A checkout of another user's is read as well, and nothing that its configuration names is run.
  const settings = ['-c', 'safe.directory=*', '-c', 'core.fsmonitor=false', '--literal-pathspecs']
  execFile(
    'git',
    [...settings, 'ls-files', '-z', '--', ...paths],
    {
      cwd: folder,
      env: { ...env, GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined, LC_ALL: 'C' },
      maxBuffer: 1 << 28,
    },
    (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      // No git, or no checkout: then nothing is tracked. Anything else, such as a broken index, does not mean that.
      else if (error.code === 'ENOENT' || (error.code === 128 && noCheckout.test(stderr))) resolve('')
      else {
        const why = stderr.trim().split('\n').at(-1) || error.message
        reject(new ProblemError(problems.gitFailed(folder, why), { cause: error }))
      }
    },
  )
  const names = (await promise).split('\0').filter(name => name !== '')
  return names.map(name => join(folder, name))
}

/** Not the one of a work tree whose repository has gone: its files may well be somebody's. */
const noCheckout = /^fatal: not a git repository \(or any /m

function nearestFolder(path: string): string {
  for (let at = dirname(path); ; at = dirname(at)) {
    if (at === dirname(at) || lstatOf(at)?.isDirectory() === true) return at
  }
}
