import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import { Busboy } from '@fastify/busboy'
import type { FastifyRequest } from 'fastify'
import { Refusal } from '../api/refusal.ts'
import { apiProblems } from '../messages.ts'

export interface Form {
  readonly fields: Readonly<Record<string, string>>
  readonly hasFile: boolean
}

/** Reads multipart/form-data (RFC 7578); the part `file` goes to `path` as it comes, and may have `limit` bytes. */
export async function receiveForm(request: FastifyRequest, path: string, limit: number): Promise<Form> {
  const type = request.headers['content-type'] ?? ''
  const limits = { files: 1, fileSize: limit, fields: 50, fieldSize: 10_000 }
  const form = open({ ...request.headers, 'content-type': type }, limits)
  const fields: Record<string, string> = {}
  let file: Promise<void> | undefined
  let isTooLarge = false
  form.on('field', (name: string, value: string) => void (fields[name] = value))
  form.on('file', (name: string, stream: Readable) => {
    if (name !== 'file') return void stream.resume()
    stream.on('limit', () => (isTooLarge = true))
    file = pipeline(stream, createWriteStream(path, { flags: 'wx', mode: 0o600 }))
    // Whoever waits for it hears of it; until then it must not end the process.
    file.catch(() => undefined)
  })
  try {
    await pipeline(request.raw, form)
    await file
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error
    throw new Refusal(400, apiProblems.badBody(`a form that can not be read: ${(error as Error).message}`))
  }
  if (isTooLarge) throw new Refusal(413, apiProblems.tooLarge(`${limit / 1024 / 1024} MB`))
  return { fields, hasFile: file !== undefined }
}

function open(
  headers: FastifyRequest['headers'] & { 'content-type': string },
  limits: Record<string, number>,
): InstanceType<typeof Busboy> {
  try {
    return new Busboy({ headers, limits })
  } catch (error) {
    // The parser's: no multipart, or no boundary.
    if (!(error instanceof Error)) throw error
    throw new Refusal(415, apiProblems.mediaType('multipart/form-data with a boundary'))
  }
}
