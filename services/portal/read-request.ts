import { join } from 'node:path'
import { type ZodType, prettifyError } from 'zod'
import { openPlain } from '../../lib/open-plain.ts'

/** A request is words and file names; audio lies beside it. */
const maxBytes = 1024 * 1024

/** Reads `request.json` of a claimed folder. What is wrong with it is the client's fault and comes back as words. */
export async function readRequest<R>(
  folder: string,
  schema: ZodType<R>,
): Promise<{ ok: true; request: R } | { ok: false; detail: string }> {
  try {
    await using file = await openPlain(join(folder, 'request.json'))
    if ((await file.stat()).size > maxBytes) return { ok: false, detail: 'it is over 1 MiB' }
    const parsed = schema.safeParse(JSON.parse(await file.readFile('utf8')))
    return parsed.success
      ? { ok: true, request: parsed.data }
      : { ok: false, detail: prettifyError(parsed.error) }
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, detail: 'it is not JSON' }
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { ok: false, detail: 'it is missing' }
    if (code === 'ELOOP' || code === 'ENOTREG') return { ok: false, detail: 'it is not a regular file' }
    throw error
  }
}
