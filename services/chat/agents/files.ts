import { buffer } from 'node:stream/consumers'
import type { Attachment } from '../../portal/client.ts'
import type { UploadedFile, Uploads } from '../rooms/uploads.ts'
import { nameKey } from './agent.ts'
import type { Said } from './context.ts'
import { withoutThoughts } from './marks.ts'

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
  /** Names of attachments that could not be shown, which is told in their place. */
  readonly unseen: ReadonlySet<string>
}

export interface WithFiles {
  readonly messages: readonly Said[]
  /** The pictures that these name. */
  readonly attachments: readonly Attachment[]
}

/** A text that is longer is no note for a talk. */
const longestText = 32 * 1024
const largestPicture = 10_000_000
/** A message has room for thousands of links. */
const mostFiles = 64
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
  { room, own, bytes, pictures, unseen }: FilesQuestion,
): Promise<WithFiles> {
  const told = new Set<string>()
  const attachments: Attachment[] = []
  let textLeft = bytes
  let placesLeft = pictures
  let pictureLeft = mostPictureBytes
  const seen: Said[] = []
  for (const message of messages.toReversed()) {
    const texts: string[] = []
    const names: string[] = []
    // What somebody has only thought of, nobody has sent.
    const words = withoutThoughts(message.text)
    const isOwn = message.author !== null && nameKey(message.author) === nameKey(own)
    for (const [, id = ''] of isOwn ? [] : words.matchAll(link)) {
      if (told.has(id) || told.size >= mostFiles) continue
      told.add(id)
      const file = files.get(id)
      if (file === undefined || file.room !== room) continue
      const ending = pictureTypes[file.type]
      if (ending === undefined) {
        const text = file.bytes <= Math.min(longestText, textLeft) ? await textOf(file, files) : undefined
        if (text === undefined) continue
        textLeft -= file.bytes
        texts.push(`\n\n--- the file ${file.name} ---\n${text.trimEnd()}\n--- end of ${file.name} ---`)
      } else {
        const name = `${id}.${ending}`
        const most = Math.min(largestPicture, pictureLeft)
        if (placesLeft === 0 || file.bytes > most) continue
        // In the place of one that can't be shown, no older one is.
        if (unseen.has(name)) texts.push(`\n\n[The picture ${file.name} can't be shown.]`)
        else if (await isThere(file, files)) {
          pictureLeft -= file.bytes
          names.push(name)
          attachments.push({ name, from: files.pathOf(file) })
        } else continue
        placesLeft--
      }
    }
    seen.unshift({
      ...message,
      text: words + texts.join(''),
      ...(names.length === 0 ? {} : { images: names }),
    })
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
