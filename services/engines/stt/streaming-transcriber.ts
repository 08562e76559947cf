import { setImmediate } from 'node:timers/promises'
import type { AudioMemory } from './audio-memory.ts'
import { isFaint } from './loudness.ts'
import { wordsOrNothing } from './plain-transcriber.ts'
import type { StreamingModel } from './sherpa/zipformer.ts'
import { type OnlineStream, sampleRate } from './sherpa-library.ts'
import type { Transcriber, Utterance } from './transcriber.ts'

/** Of what there is before an utterance, as a voice's first sound is soft. */
const before = 0.3 * sampleRate
/** Behind it: the detector's end is a little early. No endpoint is shorter. */
const after = 0.2 * sampleRate

interface Hearing {
  readonly start: number
  readonly stream: OnlineStream
  /** Up to here the stream has the audio. */
  fed: number
}

/**
 * For models that write while somebody speaks: an utterance goes into its stream as it comes, and at its end there is little
 * left to do. Where utterances begin and end the voice detector says, as for all other models, so that a stream of its own
 * has no noise to decode.
 */
export class StreamingTranscriber implements Transcriber {
  readonly #model: StreamingModel
  readonly #audio: AudioMemory
  #hearing: Hearing | undefined
  /** Up to here the audio is in a text already. */
  #said = 0

  constructor(model: StreamingModel, audio: AudioMemory) {
    this.#model = model
    this.#audio = audio
  }

  async soFar(start: number, signal: AbortSignal): Promise<string> {
    const hearing = this.#hear(start)
    this.#feed(hearing, this.#audio.end)
    return this.#written(hearing, signal)
  }

  async text(start: number, end: number, signal: AbortSignal, goesOn = false): Promise<string> {
    const hearing = this.#hear(start)
    this.#hearing = undefined
    if (isFaint(this.#audio.slice(start, end))) return ''
    this.#feed(hearing, goesOn ? end : end + after)
    hearing.stream.acceptWaveform({ sampleRate, samples: new Float32Array(this.#model.tail) })
    hearing.stream.inputFinished()
    return this.#written(hearing, signal)
  }

  keep({ end }: Utterance): void {
    this.#said = end
  }

  forget(): void {
    this.#hearing = undefined
    this.#said = this.#audio.end
  }

  #hear(start: number): Hearing {
    if (this.#hearing?.start !== start) {
      const fed = Math.max(start - before, this.#said)
      this.#hearing = { start, stream: this.#model.recognizer.createStream(), fed }
    }
    return this.#hearing
  }

  #feed(hearing: Hearing, until: number): void {
    const samples = this.#audio.slice(hearing.fed, until)
    if (samples.length === 0) return
    hearing.fed = Math.min(until, this.#audio.end)
    hearing.stream.acceptWaveform({ sampleRate, samples })
  }

  async #written({ stream }: Hearing, signal: AbortSignal): Promise<string> {
    const { recognizer, polish } = this.#model
    while (recognizer.isReady(stream)) {
      recognizer.decode(stream)
      // It has held up this thread for a moment, which others share.
      await setImmediate()
      signal.throwIfAborted()
    }
    return wordsOrNothing(polish(recognizer.getResult(stream).text.trim()))
  }
}
