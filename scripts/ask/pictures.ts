import { realpath } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { openPlain } from '../../lib/open-plain.ts'
import { pictureHead, pictureType } from '../../lib/picture-type.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import type { Attachment } from '../../services/portal/client.ts'
import type { ChatMessage } from '../../services/portal/llm-request.ts'
import { pictureNames } from '../../services/portal/picture-names.ts'
import { askProblems, textProblems } from '../shared/messages.ts'

/** A request takes no more in one message. */
const mostPictures = 16
/** Engines refuse larger ones; nobody waits for a copy of it to learn that. */
const mostBytes = 20_000_000

/** Pictures to send with a question. Rejects with a ProblemError for what is none, before anything is sent. */
export async function readPictures(names: readonly string[], io: Io): Promise<Attachment[]> {
  if (names.length > mostPictures)
    throw new ProblemError(askProblems.usage(`--image is there ${mostPictures} times at most`))
  const pictures: Attachment[] = []
  for (const [at, name] of names.entries()) {
    const path = await checked(resolve(io.cwd, name), name)
    // Their own names could be the same, or none that a request may have.
    pictures.push({ name: `picture-${at + 1}${extname(name).replaceAll(/[^.\w]/g, '')}`, from: path })
  }
  return pictures
}

/** Those that the messages still name: a long talk loses its beginning. */
export function sentWith(messages: readonly ChatMessage[], pictures: readonly Attachment[]): Attachment[] {
  const named = new Set(pictureNames(messages))
  return pictures.filter(({ name }) => named.has(name))
}

/** The path of the file itself, where `path` is a link to it. */
async function checked(path: string, name: string): Promise<string> {
  try {
    const real = await realpath(path)
    await using file = await openPlain(real)
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(pictureHead), 0, pictureHead, 0)
    if (pictureType(buffer.subarray(0, bytesRead)) === undefined)
      throw new ProblemError(askProblems.noPicture(name))
    if (size > mostBytes) throw new ProblemError(askProblems.largePicture(name))
    return real
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof ProblemError || code === undefined) throw error
    throw new ProblemError(textProblems.unreadable(name, code), { cause: error })
  }
}
