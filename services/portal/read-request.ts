import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { type ZodType, prettifyError } from 'zod'
import { ifThereNow } from './moves.ts'
import { envelopeSchema } from './request.ts'

/** A request is words and file names; audio lies beside it. YAML costs more to read, and a person types less. */
const maxBytes = { json: 1024 * 1024, yaml: 8 * 1024 } as const

export type ReadRequest<R> =
  /** `deadline` in seconds since 1970. */
  | { readonly ok: true; readonly request: R; readonly deadline: number | undefined }
  | { readonly ok: false; readonly detail: string }

/** Reads the request of a folder. What is wrong with it is the client's fault and comes back as words. */
export async function readRequest<R>(folder: string, schema: ZodType<R>): Promise<ReadRequest<R>> {
  try {
    const json = readPlain(`${folder}/request.json`, maxBytes.json)
    const yaml = json === undefined ? readPlain(`${folder}/request.yaml`, maxBytes.yaml) : undefined
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
    if (code === 'ELOOP' || code === 'ENXIO') return { ok: false, detail: notPlain }
    if (code === 'EACCES') return { ok: false, detail: 'the service may not read it' }
    throw error
  }
}

const notPlain = 'it is not a regular file'

class Unusable extends Error {}

/** Follows no link and never waits, as a named pipe would make an ordinary read do. */
function readPlain(path: string, maxBytes: number): string | undefined {
  const file = ifThereNow(() =>
    openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
  )
  if (file === undefined) return undefined
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) throw new Unusable(notPlain)
    if (stat.size > maxBytes) throw new Unusable(`it is over ${maxBytes / 1024} KiB`)
    // One call: it is ours now, and a client that still writes to it gets what it asked for.
    const text = Buffer.allocUnsafe(stat.size)
    return text.toString('utf8', 0, readSync(file, text))
  } finally {
    closeSync(file)
  }
}

/**
 * For people, so only what people write: no aliases, of which nine lines can mean a thousand million values, and no key that
 * is itself a list or a map, which costs more at each level.
 */
async function parseYaml(text: string): Promise<unknown> {
  const { isScalar, parseDocument, visit } = await import('yaml')
  const document = parseDocument(text, { schema: 'core', customTags: [], logLevel: 'error' })
  const [fault] = document.errors
  if (fault !== undefined) throw new Unusable(`it is not YAML: ${fault.message.split('\n', 1)[0]}`)
  visit(document, {
    Alias() {
      throw new Unusable('it has aliases, which are not for requests')
    },
    Pair(_key, { key }) {
      if (!isScalar(key)) throw new Unusable('it has a key that is not a word')
    },
  })
  return document.toJS() as unknown
}
