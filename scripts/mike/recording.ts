import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { ProblemError } from '../../lib/problem.ts'
import { parseWav, type Wav } from '../../lib/wav.ts'
import { mikeProblems } from '../shared/messages.ts'
import type { Source } from '../shared/source.ts'

/** What `/v1/realtime` takes. */
const sampleRates = { min: 8000, max: 48_000 }
const pieceMs = 50

/** A WAV file as a source, mixed to mono. Rejects with a ProblemError for what can't be read or sent. */
export async function readRecording(path: string, inRealTime: boolean, signal: AbortSignal): Promise<Source> {
  const parsed = parseWav(await readBytes(path))
  if (!parsed.ok) throw new ProblemError(mikeProblems.badRecording(path, parsed.fault))
  const { wav } = parsed
  if (wav.frames === 0) throw new ProblemError(mikeProblems.badRecording(path, 'no_audio'))
  const { min, max } = sampleRates
  if (wav.sampleRate < min || wav.sampleRate > max) {
    throw new ProblemError(mikeProblems.sampleRate(path, wav.sampleRate, min, max))
  }
  return { sampleRate: wav.sampleRate, pieces: pieces(wav, inRealTime, signal) }
}

async function* pieces(wav: Wav, inRealTime: boolean, signal: AbortSignal): AsyncGenerator<Buffer> {
  const frames = Math.round((wav.sampleRate * pieceMs) / 1000)
  const started = performance.now()
  for (let at = 0; at < wav.frames && !signal.aborted; at += frames) {
    const piece = pcm16(wav.mono(at, at + frames))
    if (inRealTime) {
      // A microphone hands a piece over at its end.
      const due = started + ((at + piece.length / 2) / wav.sampleRate) * 1000
      await until(due, signal)
    }
    yield piece
  }
}

async function until(due: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(Math.max(0, due - performance.now()), undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function pcm16(samples: Float32Array): Buffer {
  const pcm = Buffer.alloc(samples.length * 2)
  for (const [i, sample] of samples.entries()) {
    pcm.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), i * 2)
  }
  return pcm
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new ProblemError(mikeProblems.unreadable(path, code), { cause: error })
  }
}
