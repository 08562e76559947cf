import { join } from 'node:path'
import { openPlain } from '../../../lib/open-plain.ts'
import { pictureType } from '../../../lib/picture-type.ts'
import {
  type ChatMessage,
  EngineError,
  type EngineFailure,
  type EngineJob,
  pictureNames,
} from '../../core/engine.ts'
import { pixelsOf } from './picture-size.ts'

const mostBytes = 20_000_000
// Of all pictures of a request, each as often as it is named, since servers take each mention for a picture of its own.

/** They are in memory several times, as Base64 and in the body. */
const mostTogether = 100_000_000
/** Three bytes each: all are decoded before the first is looked at. A small file may say that it has billions. */
const mostPixels = 100_000_000
/** Whatever its size, each is made as large as the model's eyes: megabytes for one of a single pixel. */
const mostMentions = 64

/** `data:` URLs by the names of files. */
export type Pictures = ReadonlyMap<string, string>

/** Throws `bad_image`, and `bad_request` for too many. Each file is read once, however often it is named. */
export async function readPictures(
  messages: readonly ChatMessage[],
  { folder, signal }: Pick<EngineJob, 'folder' | 'signal'>,
): Promise<Pictures> {
  const mentions = Map.groupBy(pictureNames(messages), name => name)
  const count = mentions.values().reduce((sum, { length }) => sum + length, 0)
  if (count > mostMentions) {
    const detail = `it has ${count} pictures, and ${mostMentions} are taken at most`
    throw new EngineError({ reason: 'bad_request', detail })
  }
  const pictures = new Map<string, string>()
  let bytesLeft = mostTogether
  let pixelsLeft = mostPixels
  for (const [name, { length: times }] of mentions) {
    signal.throwIfAborted()
    const bytes = await readPicture(folder, name, Math.min(mostBytes, bytesLeft / times))
    bytesLeft -= times * bytes.length
    const type = pictureType(bytes)
    if (type === undefined) throw bad(name, bytes.length === 0 ? 'empty' : 'unknown_format')
    const pixels = pixelsOf(bytes, type)
    if (pixels === undefined) throw bad(name, 'unreadable')
    pixelsLeft -= times * pixels
    if (pixelsLeft < 0) throw bad(name, 'too_large')
    pictures.set(name, `data:${type};base64,${bytes.toString('base64')}`)
  }
  return pictures
}

/** Throws `unsupported` where a request has pictures. */
export function refusePictures(messages: readonly ChatMessage[]): void {
  if (pictureNames(messages).length > 0)
    throw new EngineError({ reason: 'unsupported', what: 'look at pictures' })
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
