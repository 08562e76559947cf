import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../../../lib/atomic-write.ts'
import { newToken } from './token.ts'

const pathOf = (home: string): string => join(home, 'run', 'backend.key')

export function newLocalKey(): string {
  return newToken('cl_')
}

/**
 * For the commands of this machine: whoever may read the file is its user. To be called once the port is ours: a second
 * backend that fails must not take the key of the first away.
 */
export async function writeLocalKey(home: string, key: string): Promise<void> {
  await mkdir(join(home, 'run'), { recursive: true, mode: 0o700 })
  await writeFileAtomic(pathOf(home), `${key}\n`, { mode: 0o600 })
}

/** The key of the backend that was started last; undefined if there is none that may be read. */
export async function readLocalKey(home: string): Promise<string | undefined> {
  try {
    return (await readFile(pathOf(home), 'utf8')).trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined
    throw error
  }
}
