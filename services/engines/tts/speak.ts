import { setImmediate } from 'node:timers/promises'
import type { EngineJob, SpeechLine, Spoken, TtsRequest } from '../../core/engine.ts'
import type { EspeakModule } from './espeak-module.ts'
import { type Sentence, sentencesOf } from './sentences.ts'
import { SpeechFile } from './speech-file.ts'
import type { Voice } from './voices.ts'

/** Seconds of silence after one, at speed 1: as eSpeak makes between two that it is given at once. */
const pauses: Readonly<Record<Sentence['end'], number>> = { sentence: 0.29, part: 0.14 }

/** In seconds. The first piece of a sentence is short, so that it can be heard early. */
const piece = { first: 0.2, most: 1 }

/** One text as a file, and if wanted as a stream. Others get their turn after each sentence. */
export async function speak(
  request: TtsRequest,
  voice: Voice,
  module: EspeakModule,
  job: EngineJob,
): Promise<Omit<Spoken, 'model'>> {
  const before = performance.now()
  const elapsed = (): number => Math.round(performance.now() - before)
  const { speed = 1, stream } = request
  const { sampleRate } = module
  await using file = await SpeechFile.create(job.out, request.format, sampleRate)
  const say = (line: SpeechLine): void => (stream ? job.say(line) : undefined)
  let firstAudioMs: number | undefined
  let sentences = 0
  let pause = 0
  for (const { text, end } of sentencesOf(request.text)) {
    await setImmediate()
    job.signal.throwIfAborted()
    sentences++
    say({ type: 'sentence', text, sampleRate })
    const pieces = new Pieces(sampleRate, stream, pcm => say({ type: 'audio', pcm }))
    pieces.add(new Int16Array(Math.round((pause / speed) * sampleRate)))
    try {
      module.synthesize(text, voice, speed, samples => {
        firstAudioMs ??= elapsed()
        pieces.add(samples)
      })
    } catch (error) {
      await module.renew()
      throw error
    }
    await file.write(pieces.end())
    await job.heard()
    pause = pauses[end]
  }
  await file.finish()
  return {
    voice: voice.name,
    file: file.name,
    sampleRate,
    audioSeconds: Math.round((file.samples / sampleRate) * 1000) / 1000,
    sentences,
    firstAudioMs: firstAudioMs ?? elapsed(),
    elapsedMs: elapsed(),
  }
}

/** Collects the samples of a sentence, and tells them in pieces while they come. */
class Pieces {
  readonly #sampleRate: number
  readonly #stream: boolean
  readonly #say: (pcm: string) => void
  readonly #all: Buffer[] = []
  #untold: Buffer[] = []
  #bytes = 0
  #told = false

  constructor(sampleRate: number, stream: boolean, say: (pcm: string) => void) {
    this.#sampleRate = sampleRate
    this.#stream = stream
    this.#say = say
  }

  add(samples: Int16Array): void {
    const pcm = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
    this.#all.push(pcm)
    if (!this.#stream) return
    this.#untold.push(pcm)
    this.#bytes += pcm.length
    const wanted = (this.#told ? piece.most : piece.first) * this.#sampleRate * 2
    if (this.#bytes >= wanted) this.#tell()
  }

  /** All of them. */
  end(): Buffer {
    if (this.#bytes > 0) this.#tell()
    return Buffer.concat(this.#all)
  }

  #tell(): void {
    const pcm = Buffer.concat(this.#untold)
    const most = piece.most * this.#sampleRate * 2
    for (let at = 0; at < pcm.length; at += most) this.#say(pcm.subarray(at, at + most).toString('base64'))
    this.#untold = []
    this.#bytes = 0
    this.#told = true
  }
}
