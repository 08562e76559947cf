import { readFile } from 'node:fs/promises'
import { ProblemError } from '../../../lib/problem.ts'
import { initMessages } from './messages.ts'

/** The text of a file, or undefined where there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined
    throw new ProblemError(initMessages.unreadable(path, code ?? message), { cause: error })
  }
}
