import { join } from 'node:path'
import { openPlain } from '../../../lib/open-plain.ts'
import { pictureType } from '../../../lib/picture-type.ts'
import { type ChatMessage, EngineError, type EngineFailure, type EngineJob } from '../../core/engine.ts'
import { pixelsOf } from './picture-size.ts'

const mostBytes = 20_000_000
/** Of all pictures of a request: they are in memory several times, as bytes, as Base64 and in the body. */
const mostTogether = 100_000_000

/** Three bytes each, once it is decoded. A small file may say that it has billions. */
const mostPixels = 100_000_000

/** `data:` URLs by the names of files. */
export type Pictures = ReadonlyMap<string, string>

/** Throws `bad_image`. Each file is read once, however often it is named. */
export async function readPictures(
  messages: readonly ChatMessage[],
  { folder, signal }: Pick<EngineJob, 'folder' | 'signal'>,
): Promise<Pictures> {
  const pictures = new Map<string, string>()
  let left = mostTogether
  for (const name of new Set(namesOf(messages))) {
    signal.throwIfAborted()
    const bytes = await readPicture(folder, name, Math.min(mostBytes, left))
    left -= bytes.length
    const type = pictureType(bytes)
    if (type === undefined) throw bad(name, bytes.length === 0 ? 'empty' : 'unknown_format')
    const pixels = pixelsOf(bytes, type)
    if (pixels === undefined) throw bad(name, 'unreadable')
    if (pixels > mostPixels) throw bad(name, 'too_large')
    pictures.set(name, `data:${type};base64,${bytes.toString('base64')}`)
  }
  return pictures
}

/** Throws `unsupported` where a request has pictures. */
export function refusePictures(messages: readonly ChatMessage[]): void {
  if (namesOf(messages).length > 0) throw new EngineError({ reason: 'unsupported', what: 'look at pictures' })
}

export function namesOf(messages: readonly ChatMessage[]): string[] {
  return messages.flatMap(message => (message.role === 'user' ? (message.images ?? []) : []))
}

async function readPicture(folder: string, name: string, most: number): Promise<Buffer> {
  try {
    await using file = await openPlain(join(folder, name))
    const { size } = await file.stat()
    if (size > most) throw bad(name, 'too_large')
    const bytes = await file.readFile()
    // Somebody may still write to it.
    if (bytes.length > most) throw bad(name, 'too_large')
    return bytes
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTREG') throw bad(name, 'missing')
    throw error
  }
}

function bad(file: string, fault: Extract<EngineFailure, { reason: 'bad_image' }>['fault']): EngineError {
  return new EngineError({ reason: 'bad_image', file, fault })
}
