import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '../../services/portal/moves.ts'
import { resultSchema } from '../../services/portal/request.ts'
import type { Answer } from './portal-check.ts'
import type { StormRequest } from './portal-storm-plan.ts'

/** Reads what lies in `done/<id>` or `error/<id>` and holds its files against the request. Undefined: there is nothing. */
export async function readAnswer(
  folder: string,
  request: StormRequest,
  attachments: readonly Buffer[],
): Promise<Answer | undefined> {
  let text: string
  try {
    text = await readFile(join(folder, 'result.json'), 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
  const { ino, birthtimeNs } = await stat(folder, { bigint: true })
  const identity = { id: request.id, folder: `${ino}:${birthtimeNs}` }
  let result
  try {
    result = resultSchema.parse(JSON.parse(text))
  } catch (error) {
    return { ok: true, ...identity, bent: `result.json: ${String(error)}` }
  }
  const bent = result.ok ? await bentOf(folder, result, request, attachments) : undefined
  return { ...result, ...identity, ...(bent !== undefined && { bent }) }
}

async function bentOf(
  folder: string,
  result: Readonly<Record<string, unknown>>,
  request: StormRequest,
  attachments: readonly Buffer[],
): Promise<string | undefined> {
  const { attempt } = result
  if (typeof attempt !== 'number') return 'no attempt'
  if (result['id'] !== request.id) return `it answers ${String(result['id'])}`
  const sent = request.attachment === undefined ? undefined : attachments[request.attachment]
  if (sent !== undefined) {
    if (result['hash'] !== hashOf(sent)) return `the hash of its attachment is ${String(result['hash'])}`
    const file = `out-${attempt}/turned.bin`
    const made = await readFile(join(folder, file)).catch((error: unknown) => String(error))
    if (typeof made === 'string') return made
    if (!made.equals(turned(sent))) return `${file} has ${made.length} other bytes than it should have`
  }
  if (request.lines === 0) return undefined
  const stream = await readFile(join(folder, 'stream.ndjson'), 'utf8').catch(String)
  return isWhole(stream, request.lines, attempt) ? undefined : `stream.ndjson: ${stream}`
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function turned(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.toReversed())
}

function isWhole(stream: string, lines: number, attempt: number): boolean {
  const expected = Array.from({ length: lines }, (_, line) => JSON.stringify({ attempt, line })).join('\n')
  // Python writes a space behind a colon.
  return stream.replaceAll(' ', '') === `${expected}\n`
}
