import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { lstatOf } from './paths.ts'

/** Those files of the paths that a git checkout has: they are the project's, whatever their names. Absolute. */
export async function trackedFiles(paths: readonly string[], env: Io['env']): Promise<ReadonlySet<string>> {
  const byFolder = new Map<string, string[]>()
  for (const path of paths) {
    const folder = nearestFolder(path)
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), path])
  }
  const lists = await Promise.all(Array.from(byFolder, ([folder, some]) => listFiles(folder, some, env)))
  return new Set(lists.flat())
}

async function listFiles(folder: string, paths: readonly string[], env: Io['env']): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<string>()
  // A checkout of another user's is read as well, and nothing that its configuration names is run.
  const settings = ['-c', 'safe.directory=*', '-c', 'core.fsmonitor=false', '--literal-pathspecs']
  execFile(
    'git',
    [...settings, 'ls-files', '-z', '--', ...paths],
    {
      cwd: folder,
      env: { ...env, GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined },
      maxBuffer: 1 << 28,
    },
    // No git, or no checkout: then nothing is tracked.
    (error, stdout) => resolve(error === null ? stdout : ''),
  )
  const names = (await promise).split('\0').filter(name => name !== '')
  return names.map(name => join(folder, name))
}

/** A path below a link would be an error to git, and is another checkout's business. */
function nearestFolder(path: string): string {
  for (let at = dirname(path); ; at = dirname(at)) {
    if (at === dirname(at) || lstatOf(at)?.isDirectory() === true) return at
  }
}
