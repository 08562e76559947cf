import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { jsonOrUndefined } from '../lib/parse-json.ts'

/** What safetensors' own reader takes of a header. */
const mostBytes = 100_000_000

/**
 * The names of a file's tensors: eight bytes of length, then a header in JSON (https://github.com/huggingface/safetensors).
 * Undefined: it is no such file. `broken`: it begins as one.
 */
export function tensorNames(path: string): readonly string[] | 'broken' | undefined {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const start = Buffer.alloc(9)
    if (readSync(file, start, 0, 9, 0) < 9 || start[8] !== '{'.charCodeAt(0)) return undefined
    const length = start.readBigUInt64LE()
    if (length > BigInt(Math.min(mostBytes, size - 8))) return undefined
    const text = Buffer.alloc(Number(length))
    const read = readSync(file, text, 0, text.length, 8)
    const header = jsonOrUndefined(text.toString('utf8', 0, read))
    return typeof header === 'object' && header !== null ? Object.keys(header) : 'broken'
  } finally {
    closeSync(file)
  }
}
