import { createReadStream } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { textProblems } from './messages.ts'

/** What a request has room for. */
const mostBytes = 1024 * 1024

/** All that comes in at stdin; '' where that is a terminal. Rejects with a ProblemError for what is no text, or too long. */
export async function readStdin({ stdin, signal }: Io): Promise<string> {
  return stdin.isTTY === true ? '' : readText(stdin, 'stdin', signal)
}

/** `path` for opening, `name` for people. */
export async function readTextFile(path: string, name: string, signal: AbortSignal): Promise<string> {
  try {
    return await readText(createReadStream(path), name, signal)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof ProblemError || code === undefined) throw error
    throw new ProblemError(textProblems.unreadable(name, code), { cause: error })
  }
}

async function readText(stream: Readable, name: string, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of addAbortSignal(signal, stream) as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > mostBytes) throw new ProblemError(textProblems.tooLong(name, '1 MiB'))
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
  const text = Buffer.concat(chunks)
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true }).decode(text)
    if (!decoded.includes('\0')) return decoded
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error
  }
  throw new ProblemError(textProblems.notText(name))
}
