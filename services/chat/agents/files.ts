import { buffer } from 'node:stream/consumers'
import type { Attachment } from '../../portal/client.ts'
import type { UploadedFile, Uploads } from '../rooms/uploads.ts'
import { nameKey } from './agent.ts'
import type { Said } from './context.ts'

/** Those of a backend; a part, so that tests need no disk. */
export type RoomFiles = Pick<Uploads, 'get' | 'read' | 'pathOf'>

export interface FilesQuestion {
  /** The room's id: its own files only. */
  readonly room: string
  /** The agent's name: what it links itself it has been told. */
  readonly own: string
  /** Bytes that texts may add to what is told. */
  readonly bytes: number
  /** So many at most; 0 for a model that does not see. */
  readonly pictures: number
}

export interface WithFiles {
  readonly messages: readonly Said[]
  /** The pictures that these name. */
  readonly attachments: readonly Attachment[]
}

/** A text that is longer is no note for a talk. */
const longestText = 32 * 1024
const largestPicture = 10_000_000
/** Of all pictures together, which lie once more in the request's folder. */
const mostPictureBytes = 20_000_000

const link = /\/files\/([0-9a-f]{32})\//g
const pictureTypes: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/gif': 'gif',
}

/**
 * Messages with what stands in the files that they link: small texts behind the words, pictures beside them. The last message's
 * come first; what finds no room stays a link. A file that is linked twice is told where it was linked last.
 */
export async function withFiles(
  messages: readonly Said[],
  files: RoomFiles,
  { room, own, bytes, pictures }: FilesQuestion,
): Promise<WithFiles> {
  const told = new Set<string>()
  const attachments: Attachment[] = []
  let textLeft = bytes
  let pictureLeft = mostPictureBytes
  const seen: Said[] = []
  for (const message of messages.toReversed()) {
    const texts: string[] = []
    const names: string[] = []
    const isOwn = message.author !== null && nameKey(message.author) === nameKey(own)
    for (const [, id = ''] of isOwn ? [] : message.text.matchAll(link)) {
      const file = files.get(id)
      if (file === undefined || file.room !== room || told.has(id)) continue
      const ending = pictureTypes[file.type]
      if (ending === undefined) {
        const text = file.bytes <= Math.min(longestText, textLeft) ? await textOf(file, files) : undefined
        if (text === undefined) continue
        textLeft -= file.bytes
        texts.push(`\n\n--- the file ${file.name} ---\n${text.trimEnd()}\n--- end of ${file.name} ---`)
      } else {
        const most = Math.min(largestPicture, pictureLeft)
        if (attachments.length >= pictures || file.bytes > most || !(await isThere(file, files))) continue
        pictureLeft -= file.bytes
        names.push(`${id}.${ending}`)
        attachments.push({ name: `${id}.${ending}`, from: files.pathOf(file) })
      }
      told.add(id)
    }
    const text = message.text + texts.join('')
    seen.unshift({ ...message, text, ...(names.length === 0 ? {} : { images: names }) })
  }
  return { messages: seen, attachments }
}

/** Undefined for what is no text, whatever its name says. */
async function textOf(file: UploadedFile, files: RoomFiles): Promise<string | undefined> {
  const stream = await files.read(file, {})
  if (stream === undefined) return undefined
  const bytes = await buffer(stream)
  const text = bytes.toString('utf8')
  // Bytes that are no UTF-8 do not come out as they went in.
  return text.trim() === '' || text.includes('\0') || !Buffer.from(text).equals(bytes) ? undefined : text
}

async function isThere(file: UploadedFile, files: RoomFiles): Promise<boolean> {
  const stream = await files.read(file, { end: 0 })
  stream?.destroy()
  return stream !== undefined
}
