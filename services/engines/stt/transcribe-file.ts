import { setImmediate } from 'node:timers/promises'
import type { SegmentLine } from '../../core/engine.ts'
import { Listener, type Speech } from './listener.ts'
import { openRecording } from './open-recording.ts'
import type { Recording } from './recording.ts'
import { newResampler, sampleRate } from './sherpa-library.ts'

export interface FileText {
  readonly text: string
  readonly segments: readonly Segment[]
  readonly audioSeconds: number
}

type Segment = Omit<SegmentLine, 'type'>

interface FileOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  /** Each utterance as soon as it is known. */
  readonly say: (line: SegmentLine) => void
}

const endpointMs = 500

/**
 * The words of a recording; one without any has the text "". Takes memory for some seconds of it, however long it is.
 * Throws an EngineError for what can not be read.
 */
export async function transcribeFile(
  path: string,
  speech: Speech,
  { env, signal, say }: FileOptions,
): Promise<FileText> {
  await using recording = await openRecording(path, env)
  using listener = new Listener(speech, { endpointMs, haste: 'file', signal })
  const segments: Segment[] = []
  let audioSeconds = 0
  const count = (seconds: number): void => void (audioSeconds += seconds)
  for await (const piece of pieces(recording, count, signal)) {
    for await (const heard of listener.push(piece)) {
      if (heard.type !== 'heard' || heard.text === '') continue
      const seconds = (at: number) => Math.round(Math.min(at / sampleRate, audioSeconds) * 1000) / 1000
      const segment = { start: seconds(heard.start), end: seconds(heard.end), text: heard.text }
      segments.push(segment)
      say({ type: 'segment', ...segment })
    }
    // Live sessions share this thread; they get their turn after each piece.
    await setImmediate()
    signal.throwIfAborted()
  }
  signal.throwIfAborted()
  return {
    text: segments.map(one => one.text).join(' '),
    segments,
    audioSeconds: Math.round(audioSeconds * 1000) / 1000,
  }
}

/** At 16 kHz, then enough silence to close the last words. */
async function* pieces(
  recording: Recording,
  count: (seconds: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Float32Array> {
  const resampler = newResampler(recording.sampleRate)
  for await (const samples of recording.pieces(signal)) {
    count(samples.length / recording.sampleRate)
    yield resampler === undefined ? samples : Float32Array.from(resampler.resample(samples))
  }
  if (resampler !== undefined) yield Float32Array.from(resampler.flush(new Float32Array(0)))
  yield new Float32Array(sampleRate * (endpointMs / 1000 + 0.5))
}
