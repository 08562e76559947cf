import { setImmediate } from 'node:timers/promises'
import type { EngineJob, SpeechLine, Spoken, TtsRequest } from '../../core/engine.ts'
import { type Sentence, sentencesOf } from './sentences.ts'
import { checkFormat, openSpeech, type SpeechFile } from './speech-file.ts'

/** PCM16, mono. The rate is the same for the whole of a text. */
export type TakeSamples = (samples: Int16Array, sampleRate: number) => void

/** How an engine speaks one text. */
export interface Speaking {
  /** For people. */
  readonly voice: string
  /** Of a text in which nobody says anything. */
  readonly sampleRate: number
  /** Characters that it is given at once at most; sentencesOf has a usual number. */
  readonly longest?: number
  /** Gives the sound of one of them as it is made. After the signal it ends soon, and how does not matter. */
  readonly synthesize: (text: string, take: TakeSamples, signal: AbortSignal) => void | Promise<void>
}

/** Seconds of silence after one, at speed 1: as eSpeak makes between two that it is given at once. */
const pauses: Readonly<Record<Sentence['end'], number>> = { sentence: 0.29, part: 0.14 }

/** One text as a file, and if wanted as a stream. Others get their turn after each sentence. */
export async function speak(
  request: TtsRequest,
  speaking: Speaking,
  job: EngineJob,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Omit<Spoken, 'model'>> {
  const before = performance.now()
  const elapsed = (): number => Math.round(performance.now() - before)
  const { speed = 1, stream, format } = request
  const { voice, longest, synthesize } = speaking
  checkFormat(format, env)
  await using open = new AsyncDisposableStack()
  let file: SpeechFile | undefined
  /** Known with the first samples, which a first sentence of signs may not have. */
  let sampleRate: number | undefined
  /** Sentences that were before them. */
  let silent: string[] = []
  let firstAudioMs: number | undefined
  let sentences = 0
  let pause = 0
  const say = (line: SpeechLine): void => (stream ? job.say(line) : undefined)
  const announce = (rate: number): void => {
    for (const text of silent) say({ type: 'sentence', text, sampleRate: rate })
    silent = []
  }
  for (const { text, end } of sentencesOf(request.text, longest)) {
    await setImmediate()
    job.signal.throwIfAborted()
    sentences++
    const sound = new Sound(stream, pcm => say({ type: 'audio', pcm }))
    const begin = (rate: number): void => {
      sampleRate = rate
      firstAudioMs ??= elapsed()
      silent.push(text)
      announce(rate)
      sound.add(new Int16Array(Math.round((pause / speed) * rate)), rate)
      pause = pauses[end]
    }
    let begun = false
    await synthesize(
      text,
      (samples, rate) => {
        if (!begun) begin(rate)
        begun = true
        sound.add(samples, rate)
      },
      job.signal,
    )
    job.signal.throwIfAborted()
    if (!begun) silent.push(text)
    if (sampleRate === undefined) continue
    announce(sampleRate)
    file ??= open.use(await openSpeech(job.out, format, sampleRate, env, job.signal))
    await file.write(sound.end(sampleRate))
    await job.heard()
  }
  sampleRate ??= speaking.sampleRate
  announce(sampleRate)
  file ??= open.use(await openSpeech(job.out, format, sampleRate, env, job.signal))
  await file.finish()
  return {
    voice,
    file: file.name,
    sampleRate,
    audioSeconds: Math.round((file.samples / sampleRate) * 1000) / 1000,
    sentences,
    firstAudioMs: firstAudioMs ?? elapsed(),
    elapsedMs: elapsed(),
  }
}

/** In seconds. The first piece of a sentence is short, so that it can be heard early. */
const piece = { first: 0.2, most: 1 }

/** Collects the samples of a sentence, and tells them in pieces while they come. */
class Sound {
  readonly #stream: boolean
  readonly #say: (pcm: string) => void
  readonly #all: Buffer[] = []
  #untold: Buffer[] = []
  #bytes = 0
  #told = false

  constructor(stream: boolean, say: (pcm: string) => void) {
    this.#stream = stream
    this.#say = say
  }

  add(samples: Int16Array, sampleRate: number): void {
    const pcm = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
    this.#all.push(pcm)
    if (!this.#stream) return
    this.#untold.push(pcm)
    this.#bytes += pcm.length
    const wanted = (this.#told ? piece.most : piece.first) * sampleRate * 2
    if (this.#bytes >= wanted) this.#tell(sampleRate)
  }

  /** All of them. */
  end(sampleRate: number): Buffer {
    if (this.#bytes > 0) this.#tell(sampleRate)
    return Buffer.concat(this.#all)
  }

  #tell(sampleRate: number): void {
    const pcm = Buffer.concat(this.#untold)
    const most = Math.round(piece.most * sampleRate) * 2
    for (let at = 0; at < pcm.length; at += most) this.#say(pcm.subarray(at, at + most).toString('base64'))
    this.#untold = []
    this.#bytes = 0
    this.#told = true
  }
}
