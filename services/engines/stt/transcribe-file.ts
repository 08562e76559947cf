import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { openPlain } from '../../../lib/open-plain.ts'
import { parseWav, type Wav } from '../../../lib/wav.ts'
import type { EngineFailure } from '../../core/engine.ts'
import { Listener } from './listener.ts'
import { newResampler, type Recognizer, sampleRate } from './sherpa.ts'

export interface FileText {
  readonly text: string
  readonly segments: { start: number; end: number; text: string }[]
  readonly audioSeconds: number
}

const maxBytes = 1e9
const endpointMs = 500

/** The words of a recording. A recording without any has the text "". */
export async function transcribeFile(
  path: string,
  models: string,
  recognizer: Recognizer,
  signal: AbortSignal,
): Promise<{ ok: true; value: FileText } | { ok: false; failure: EngineFailure }> {
  const read = await readWav(path)
  if (!read.ok) return read
  const { wav } = read
  const listener = new Listener(models, recognizer, endpointMs)
  const audioSeconds = wav.frames / wav.sampleRate
  const segments: FileText['segments'] = []
  for (const piece of pieces(wav)) {
    for (const heard of listener.push(piece)) {
      if (heard.type === 'heard' && heard.text !== '') {
        const seconds = (at: number) => Math.round(Math.min(at / sampleRate, audioSeconds) * 1000) / 1000
        segments.push({ start: seconds(heard.start), end: seconds(heard.end), text: heard.text })
      }
      // Live sessions share this thread; they get their turn after each step.
      await setImmediate()
      if (signal.aborted) return { ok: false, failure: { reason: 'cancelled' } }
    }
    await setImmediate()
    if (signal.aborted) return { ok: false, failure: { reason: 'cancelled' } }
  }
  return { ok: true, value: { text: segments.map(one => one.text).join(' '), segments, audioSeconds } }
}

/** A second of audio at a time at 16 kHz, then enough silence to close the last words. */
function* pieces(wav: Wav): Generator<Float32Array> {
  const resampler = newResampler(wav.sampleRate)
  for (let at = 0; at < wav.frames; at += wav.sampleRate) {
    const samples = wav.mono(at, at + wav.sampleRate)
    if (resampler === undefined) yield samples
    else yield Float32Array.from(resampler.resample(samples))
  }
  if (resampler !== undefined) yield Float32Array.from(resampler.flush(new Float32Array(0)))
  yield new Float32Array(sampleRate * (endpointMs / 1000 + 0.5))
}

/** What a client can do to its attachment. */
const unusable = new Set(['ENOENT', 'ELOOP', 'ENOTREG', 'ENXIO', 'EACCES', 'ENAMETOOLONG'])

async function readWav(
  path: string,
): Promise<{ ok: true; wav: Wav } | { ok: false; failure: EngineFailure }> {
  try {
    await using file = await openPlain(path)
    if ((await file.stat()).size > maxBytes) {
      return { ok: false, failure: { reason: 'bad_audio', fault: 'too_long' } }
    }
    const parsed = parseWav(await readFile(file))
    return parsed.ok ? parsed : { ok: false, failure: { reason: 'bad_audio', fault: parsed.fault } }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== undefined && unusable.has(code)) {
      return { ok: false, failure: { reason: 'bad_audio', fault: 'missing' } }
    }
    throw error
  }
}
