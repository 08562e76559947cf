import { createWriteStream } from 'node:fs'
import { access, constants, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { type SegmentLine, segmentLineSchema } from '../../services/portal/stt-request.ts'
import { textProblems, transcribeNotes, transcribeProblems } from './messages.ts'
import { runJob, type Settled } from './run-job.ts'

export interface TranscriptionOptions {
  readonly home: string
  readonly io: Io
  readonly model?: string | undefined
  /** Each utterance once, as soon as it is known. */
  readonly onSegment?: (segment: SegmentLine) => void
}

/** The words of a recording; `-` is the one that comes in at stdin. */
export async function transcribe(file: string, options: TranscriptionOptions): Promise<Settled> {
  const { home, io, model, onSegment } = options
  await using cleanup = new AsyncDisposableStack()
  const path = file === '-' ? await received(io, cleanup) : resolve(io.cwd, file)
  await assertReadable(path)
  const name = `audio${plainExtension(path)}`
  let known = 0
  let at = 0
  let clock = ''
  return await runJob(
    {
      service: 'stt',
      request: { kind: 'transcribe', file: name, ...(model === undefined ? {} : { model }) },
      files: [{ name, from: path }],
      busy: () => transcribeNotes.busy(clock),
      onLine: line => {
        const segment = segmentLineSchema.parse(line)
        at++
        if (at <= known) return
        known = at
        clock = clockOf(segment.end).slice(0, -4)
        onSegment?.(segment)
      },
      onRestart: () => void (at = 0),
    },
    { home, io },
  )
}

/** `01:02.345`, and from an hour on `1:01:02.345`. */
export function clockOf(seconds: number): string {
  const ms = Math.round(seconds * 1000)
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0')
  const hours = Math.floor(ms / 3_600_000)
  const rest = `${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}.${String(ms % 1000).padStart(3, '0')}`
  return hours === 0 ? rest : `${hours}:${rest}`
}

/** For people who look into the queue; what a file is, the engine sees from its content. */
function plainExtension(path: string): string {
  const extension = extname(path).toLowerCase()
  return /^\.[a-z0-9]{1,8}$/.test(extension) ? extension : ''
}

async function received({ stdin, signal }: Io, cleanup: AsyncDisposableStack): Promise<string> {
  if (stdin.isTTY === true) throw new ProblemError(transcribeProblems.terminal())
  const folder = await mkdtemp(join(tmpdir(), 'courante-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'audio')
  try {
    await pipeline(stdin, createWriteStream(path), { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
  return path
}

async function assertReadable(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK)
    if (!(await stat(path)).isFile()) throw Object.assign(new Error('not a file'), { code: 'not a file' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new ProblemError(textProblems.unreadable(path, code), { cause: error })
  }
}
