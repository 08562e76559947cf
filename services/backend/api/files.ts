import { z } from 'zod'
import type { UploadedFile, Uploads } from '../../chat/rooms/uploads.ts'
import { apiProblems } from '../messages.ts'
import { announced, gently } from './bytes.ts'
import { disposition } from './disposition.ts'
import { Refusal } from './refusal.ts'
import { route, type Api } from './route.ts'

/**
 * What a browser may show where it stands: pictures of dots, sound and film, which hold no script. Everything else is only
 * saved: HTML and SVG are programs, and so are PDFs.
 */
const shown = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
  'audio/mpeg',
  'audio/wav',
  'audio/ogg',
  'audio/opus',
  'audio/flac',
  'audio/x-flac',
  'audio/aac',
  'audio/mp4',
  'audio/x-m4a',
  'video/mp4',
  'video/webm',
  'video/ogg',
])

const fileSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** By its content. */
  type: z.string(),
  bytes: z.number().int(),
  by: z.string(),
  /** ISO 8601 */
  at: z.string(),
  /** Where it is served, and what a message says to show it. */
  url: z.string(),
})
const inRoom = z.object({ id: z.string() })

/** Files beside the rooms. `quota`: bytes of all files of one user who is no admin. */
export function fileRoutes(api: Api, uploads: Uploads, quota: number): void {
  route(
    api,
    {
      method: 'POST',
      path: '/api/rooms/:id/files',
      access: 'writer',
      summary: 'Put a file beside the room. A message shows it with `![name](url)`',
      params: inRoom,
      query: z.strictObject({ name: z.string().min(1).max(1000) }),
      body: 'bytes',
      reply: fileSchema,
      status: 201,
    },
    async ({ room, who, query, request }) => {
      const upload = {
        room: await room(),
        name: query.name,
        by: who.name,
        at: new Date(),
        announced: announced(request),
        quota: who.role === 'admin' ? Infinity : quota,
      }
      const file = await uploads.add(upload, gently(request.raw))
      if (!('reason' in file)) return described(file)
      if (file.reason === 'quota')
        throw new Refusal(409, apiProblems.tooManyFiles(`${quota / 1024 / 1024} MB`))
      if (file.reason === 'no_space') throw new Refusal(507, apiProblems.noSpace())
      throw new Refusal(413, apiProblems.tooLarge(`${uploads.limit / 1024 / 1024} MB`))
    },
  )
  route(
    api,
    {
      method: 'GET',
      path: '/api/rooms/:id/files',
      access: 'reader',
      summary: 'The files beside a room, oldest first',
      params: inRoom,
      reply: z.object({ files: z.array(fileSchema) }),
    },
    ({ entry }) => ({ files: uploads.list(entry.id).map(described) }),
  )
  route(
    api,
    {
      method: 'DELETE',
      path: '/api/rooms/:id/files/:file',
      access: 'writer',
      summary: 'Remove a file that you put there; owners: any',
      params: z.object({ id: z.string(), file: z.string() }),
    },
    async ({ entry, who, role, params }) => {
      const file = uploads.get(params.file)
      if (file === undefined || file.room !== entry.id) throw new Refusal(404, apiProblems.noSuchFile())
      if (role !== 'owner' && file.by !== who.name) throw new Refusal(403, apiProblems.notYourFile())
      await uploads.remove(file)
    },
  )
  route(
    api,
    {
      method: 'GET',
      path: '/files/:file/:name',
      access: 'anyone',
      summary: 'A file: who knows its id may read it. No cookie is looked at; the name is for people',
      params: z.object({ file: z.string(), name: z.string() }),
      reply: {
        type: 'application/octet-stream',
        about: 'The file; pictures, sound and film with their type',
      },
    },
    async ({ params, request, reply }) => {
      const file = uploads.get(params.file)
      if (file === undefined) throw new Refusal(404, apiProblems.noSuchFile())
      const range = rangeOf(request.headers.range, file.bytes)
      if (range === 'none') {
        throw new Refusal(416, apiProblems.badRange(file.bytes), { 'content-range': `bytes */${file.bytes}` })
      }
      const stream = await uploads.read(file, range ?? {})
      if (stream === undefined) throw new Refusal(404, apiProblems.noSuchFile())
      await reply
        .code(range === undefined ? 200 : 206)
        .headers(headersOf(file, range))
        .send(stream)
    },
  )
}

function headersOf(file: UploadedFile, range: Range | undefined): Record<string, string | number> {
  const inline = shown.has(file.type)
  return {
    'content-type': inline ? file.type : 'application/octet-stream',
    'content-disposition': disposition(inline ? 'inline' : 'attachment', file.name),
    'content-length': range === undefined ? file.bytes : range.end - range.start + 1,
    // Its content never changes.
    'cache-control': 'private, max-age=31536000, immutable',
    'accept-ranges': 'bytes',
    // Should a browser open it as a page after all: without scripts, and of no origin.
    'content-security-policy': "default-src 'none'; sandbox",
    ...(range === undefined ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${file.bytes}` }),
  }
}

interface Range {
  readonly start: number
  readonly end: number
}

/** One range, as players ask for; undefined: the whole file, as for any other form. `none`: nothing lies there. */
function rangeOf(header: string | undefined, bytes: number): Range | 'none' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '')
  if (match === null || (match[1] === '' && match[2] === '')) return undefined
  const [, first = '', last = ''] = match
  if (first === '') {
    const start = Math.max(0, bytes - Number(last))
    return start >= bytes ? 'none' : { start, end: bytes - 1 }
  }
  const start = Number(first)
  const end = last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1)
  if (last !== '' && Number(last) < start) return undefined
  return start >= bytes ? 'none' : { start, end }
}

function described(file: UploadedFile): z.infer<typeof fileSchema> {
  const { id, name, type, bytes, by } = file
  // Parentheses would end the address in a message.
  const path = encodeURIComponent(name).replace(/[()]/g, bracket => (bracket === '(' ? '%28' : '%29'))
  return { id, name, type, bytes, by, at: new Date(file.at).toISOString(), url: `/files/${id}/${path}` }
}
