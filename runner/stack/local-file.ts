import { realpathSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Document, isMap, isScalar, parseDocument } from 'yaml'
import { writeFileAtomic } from '../../lib/atomic-write.ts'
import { ProblemError } from '../../lib/problem.ts'
import { messages } from '../messages.ts'

/** The user's own settings beside a stack file. */
export function localFilePath(stackFile: string): string {
  return join(dirname(stackFile), 'stack.local.yaml')
}

/** The value of one of its keys; undefined where there is none, or no such file. Its faults are told by loadStack. */
export async function readLocal(stackFile: string, key: string): Promise<unknown> {
  const { contents } = parseDocument((await textOf(localFilePath(stackFile))) ?? '')
  return isMap(contents) ? contents.get(key) : undefined
}

/**
 * Sets one key of it, or takes it away, and keeps everything else, comments too; appears whole. Throws a ProblemError where it can't be written,
 * and for a file that is no map of keys: nothing may be written over what a person is in the middle of.
 */
export async function writeLocal(
  stackFile: string,
  key: string,
  value: string | readonly string[] | undefined,
): Promise<void> {
  const path = localFilePath(stackFile)
  const text = await textOf(path)
  const document: Document = parseDocument(text ?? fresh)
  // Of a file that says only `---`.
  if (isScalar(document.contents) && document.contents.value === null) document.contents = null
  const [fault] = document.errors
  if (fault !== undefined || (document.contents !== null && !isMap(document.contents)))
    throw new ProblemError(
      messages.stackInvalid([`${path}: ${fault?.message ?? 'expected keys with values'}`]),
    )
  // A comment behind a value belongs to the node that holds it.
  const node = isMap(document.contents) ? document.contents.get(key, true) : undefined
  if (value === undefined) document.delete(key)
  else if (isScalar(node) && typeof value === 'string') node.value = value
  else document.set(key, document.createNode(value))
  try {
    // A link, as to a folder of dotfiles, stays one; and who may read the file stays as it was.
    const stat = statSync(path, { throwIfNoEntry: false })
    const target = stat === undefined ? path : realpathSync(path)
    const mode = stat === undefined ? {} : { mode: stat.mode & 0o777 }
    await writeFileAtomic(target, document.toString({ lineWidth: 0 }), mode)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new ProblemError(messages.localUnwritable(path, code), { cause: error })
  }
}

const fresh = `# Your own settings, laid over stack.yaml key by key. Keep this file out of git; comments that you write in it stay.
`

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
