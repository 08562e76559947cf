import { join } from 'node:path'
import { type ZodType, prettifyError } from 'zod'
import { openPlain } from '../../lib/open-plain.ts'
import { ifThere } from './moves.ts'
import { envelopeSchema } from './request.ts'

/** A request is words and file names; audio lies beside it. YAML costs more to read, and a person types less. */
const maxBytes = { json: 1024 * 1024, yaml: 64 * 1024 } as const

export type ReadRequest<R> =
  /** `deadline` in seconds since 1970. */
  | { readonly ok: true; readonly request: R; readonly deadline: number | undefined }
  | { readonly ok: false; readonly detail: string }

/** Reads the request of a claimed folder. What is wrong with it is the client's fault and comes back as words. */
export async function readRequest<R>(folder: string, schema: ZodType<R>): Promise<ReadRequest<R>> {
  try {
    const json = await readPlain(join(folder, 'request.json'), maxBytes.json)
    const yaml = json === undefined ? await readPlain(join(folder, 'request.yaml'), maxBytes.yaml) : undefined
    if (json === undefined && yaml === undefined) return { ok: false, detail: 'it is missing' }
    const body = json === undefined ? await parseYaml(yaml ?? '') : (JSON.parse(json) as unknown)
    const envelope = envelopeSchema.safeParse(body)
    if (!envelope.success) return { ok: false, detail: prettifyError(envelope.error) }
    const parsed = schema.safeParse(body)
    if (!parsed.success) return { ok: false, detail: prettifyError(parsed.error) }
    return { ok: true, request: parsed.data, deadline: envelope.data.deadline }
  } catch (error) {
    if (error instanceof Unusable) return { ok: false, detail: error.message }
    if (error instanceof SyntaxError) return { ok: false, detail: 'it is not JSON' }
    // JSON that is nested a hundred thousand deep.
    if (error instanceof RangeError) return { ok: false, detail: 'it is nested too deep' }
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ELOOP' || code === 'ENOTREG' || code === 'ENXIO') {
      return { ok: false, detail: 'it is not a regular file' }
    }
    throw error
  }
}

class Unusable extends Error {}

async function readPlain(path: string, maxBytes: number): Promise<string | undefined> {
  const file = await ifThere(openPlain(path))
  if (file === undefined) return undefined
  try {
    if ((await file.stat()).size > maxBytes) throw new Unusable(`it is over ${maxBytes / 1024} KiB`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/** For people. Aliases are not followed: nine lines of them can mean a thousand million values. */
async function parseYaml(text: string): Promise<unknown> {
  const { parse, YAMLError } = await import('yaml')
  try {
    return parse(text, { maxAliasCount: 0, schema: 'core', customTags: [] }) as unknown
  } catch (error) {
    if (error instanceof YAMLError) throw new Unusable(`it is not YAML: ${error.message.split('\n', 1)[0]}`)
    if (error instanceof ReferenceError) throw new Unusable('it has aliases, which are not for requests')
    throw error
  }
}
