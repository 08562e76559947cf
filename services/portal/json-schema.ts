import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ZodType, z } from 'zod'
import { imageRequestSchema } from './image-request.ts'
import { llmRequestSchema } from './llm-request.ts'
import { modelsRequestSchema } from './models-request.ts'
import { envelopeSchema, resultSchema, statusSchema, streamLineSchema } from './request.ts'
import { sttRequestSchema } from './stt-request.ts'
import { ttsRequestSchema } from './tts-request.ts'

/** `node services/portal/json-schema.ts` writes these files anew, for implementers; a test proves that they are up to date. */
export const schemaFolder = join(import.meta.dirname, '../../docs/portal')

/** The files of the protocol as JSON Schema 2020-12, by the names of their schemas' files. */
export function portalSchemas(): Record<string, object> {
  return {
    'request.schema.json': schemaOf(envelopeSchema, 'request.json of any service'),
    'stt-request.schema.json': requestOf('stt', sttRequestSchema),
    'llm-request.schema.json': requestOf('llm', llmRequestSchema),
    'tts-request.schema.json': requestOf('tts', ttsRequestSchema),
    'image-request.schema.json': requestOf('image', imageRequestSchema),
    'models-request.schema.json': requestOf('models', modelsRequestSchema),
    'status.schema.json': schemaOf(statusSchema, 'live/<id>/status.json'),
    'result.schema.json': schemaOf(resultSchema, 'result.json'),
    'stream-line.schema.json': schemaOf(streamLineSchema, 'a line of live/<id>/stream.ndjson'),
  }
}

function requestOf(service: string, schema: ZodType): object {
  return schemaOf(schema.and(envelopeSchema), `request.json of the service ${service}`)
}

export function schemaText(schema: object): string {
  return `${JSON.stringify(schema, null, 2)}\n`
}

function schemaOf(schema: ZodType, title: string): object {
  // What is written: before defaults are filled in.
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return { $schema, title, ...rest }
}

if (import.meta.main) {
  await mkdir(schemaFolder, { recursive: true })
  for (const [name, schema] of Object.entries(portalSchemas())) {
    await writeFile(join(schemaFolder, name), schemaText(schema))
  }
}
