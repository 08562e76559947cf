import { AudioMemory } from './audio-memory.ts'
import { Leveller } from './leveller.ts'
import type { Haste } from './decoder.ts'
import { sampleRate, type Vad, vadWindow } from './sherpa-library.ts'
import type { Transcriber } from './transcriber.ts'
import { giveVad, takeVad } from './vad-pool.ts'

/** Times are samples (16 kHz) since the stream's start. `heard` with an empty text: the sound held no words. */
export type Heard =
  | { type: 'started'; start: number }
  /** What is being said says so much by now. */
  | { type: 'partial'; start: number; text: string }
  | { type: 'stopped'; start: number; end: number }
  | { type: 'heard'; start: number; end: number; text: string }

/** Longer ones cost more to decode than anyone would wait; they are cut at their quietest moment. */
const longest = 19 * sampleRate
const cutRange = 4 * sampleRate
const memorySeconds = 40

/** A short "yes" has less than the usual 0.25 s. */
const minSpeechSeconds = 0.1
/** After so much silence it pays to try whether the utterance is over: most silences that last as long do last longer. */
const pauseSeconds = (7 * vadWindow) / sampleRate

/** The VAD says that speech began when it has lasted a while; it began so many samples earlier. */
const onset = minSpeechSeconds * sampleRate + 2 * vadWindow

/** A model that is loaded. */
export interface Speech {
  /** Absolute path of the VAD's model. */
  readonly vad: string
  /** One for each stream of audio. */
  readonly transcriber: (haste: Haste, audio: AudioMemory) => Transcriber
}

export interface ListenerOptions {
  readonly endpointMs: number
  readonly haste: Haste
  readonly signal: AbortSignal
}

interface Pause {
  readonly end: number
  /** Drops what is being decoded of it. */
  readonly over: AbortController
  text?: Promise<string>
}

/**
 * Finds the utterances in one stream of audio (16 kHz) and what they say. The generators do a step of work at a time, so
 * that who drives one can let others work in between; one has to be run to its end before the next call. Not to be used after
 * its scope: its voice detectors are somebody else's then.
 */
export class Listener implements Disposable {
  readonly #audio = new AudioMemory(memorySeconds * sampleRate)
  readonly #leveller = new Leveller()
  readonly #vad: Vad
  /** The same, for short silences. */
  readonly #pauses: Vad
  readonly #transcriber: Transcriber
  /** The sample at which the VAD last began to count. */
  #base = 0
  /** Up to here the VAD has heard the audio. */
  #fed = 0
  #speechStart: number | undefined
  readonly #signal: AbortSignal
  /** What was last said of an utterance that is not over. */
  #soFar = ''
  /** Speech has paused at `end`; with the text up to there if that is decoded already. */
  #pause: Pause | undefined

  constructor({ vad, transcriber }: Speech, { endpointMs, haste, signal }: ListenerOptions) {
    this.#vad = takeVad({ model: vad, silenceSeconds: endpointMs / 1000, speechSeconds: minSpeechSeconds })
    this.#pauses = takeVad({ model: vad, silenceSeconds: pauseSeconds, speechSeconds: 0.01 })
    this.#transcriber = transcriber(haste, this.#audio)
    this.#signal = signal
  }

  /** Samples so far. */
  get end(): number {
    return this.#audio.end
  }

  get inSpeech(): boolean {
    return this.#speechStart !== undefined
  }

  /** At most 10 s a call. */
  async *push(samples: Float32Array): AsyncGenerator<Heard> {
    this.#audio.push(samples)
    while (this.#fed + vadWindow <= this.#audio.end) {
      const window = this.#leveller.level(this.#audio.slice(this.#fed, this.#fed + vadWindow))
      this.#fed += vadWindow
      this.#vad.acceptWaveform(window)
      this.#findPause(window)
      if (this.#vad.isDetected() && this.#speechStart === undefined) {
        this.#speechStart = Math.max(this.#base, this.#fed - onset)
        yield { type: 'started', start: this.#speechStart }
      }
      while (!this.#vad.isEmpty()) {
        const segment = this.#vad.front(false)
        this.#vad.pop()
        yield* this.#close(this.#base + segment.start + segment.samples.length)
      }
      if (this.#speechStart !== undefined && this.#fed - this.#speechStart >= longest) {
        const end = this.#cutAt()
        // The cut is somewhere else.
        this.#dropPause()
        yield* this.#close(end, true)
        this.#restart(end)
      }
    }
    yield* this.#tellSoFar()
  }

  /**
   * Decoding takes as long as the rest of the silence that ends an utterance. So who drives this calls it whenever no audio
   * waits, and what was said up to a pause is decoded within the pause; if speech goes on, that was for nothing. May be left
   * to itself; `push` and all the others can be called meanwhile.
   */
  async anticipate(): Promise<void> {
    const pause = this.#pause
    if (this.#speechStart === undefined || pause === undefined || !this.#anticipates) return
    const signal = AbortSignal.any([this.#signal, pause.over.signal])
    pause.text ??= this.#transcriber.text(this.#speechStart, pause.end, signal)
    // Who needs the text waits for it himself, and gets its failure.
    await pause.text.catch(() => undefined)
  }

  /** Whether `anticipate` has something to do. */
  get pausing(): boolean {
    const pause = this.#pause
    return this.inSpeech && pause !== undefined && pause.text === undefined && this.#anticipates
  }

  /** Closes what is being said at once. */
  async *commit(): AsyncGenerator<Heard> {
    if (this.#speechStart === undefined) return
    yield* this.#close(this.#audio.end)
    this.#restart(this.#audio.end)
  }

  /** Drops what is being said, and what was said is no context for what comes. */
  clear(): void {
    this.#speechStart = undefined
    this.#soFar = ''
    this.#dropPause()
    this.#transcriber.forget()
    this.#restart(this.#audio.end)
  }

  [Symbol.dispose](): void {
    giveVad(this.#vad)
    giveVad(this.#pauses)
  }

  async *#close(end: number, goesOn = false): AsyncGenerator<Heard> {
    const start = this.#speechStart
    if (start === undefined) return
    const pause = this.#pause
    this.#speechStart = undefined
    this.#pause = undefined
    this.#soFar = ''
    yield { type: 'stopped', start, end }
    const text = await (pause?.text ?? this.#transcriber.text(start, end, this.#signal, goesOn))
    this.#transcriber.keep({ start, end, text })
    yield { type: 'heard', start, end, text }
  }

  get #anticipates(): boolean {
    return !this.#writesAlong && this.#transcriber.isCostly !== true
  }

  /** Its words are there before an utterance's end, so nothing is gained by trying whether that has come. */
  get #writesAlong(): boolean {
    return this.#transcriber.soFar !== undefined
  }

  async *#tellSoFar(): AsyncGenerator<Heard> {
    const start = this.#speechStart
    if (start === undefined) return
    const text = (await this.#transcriber.soFar?.(start, this.#signal)) ?? ''
    if (text === '' || text === this.#soFar) return
    this.#soFar = text
    yield { type: 'partial', start, text }
  }

  #findPause(window: Float32Array): void {
    this.#pauses.acceptWaveform(window)
    if (this.#pauses.isDetected()) this.#dropPause()
    while (!this.#pauses.isEmpty()) {
      const segment = this.#pauses.front(false)
      this.#pauses.pop()
      this.#dropPause()
      const end = this.#base + segment.start + segment.samples.length
      this.#pause = { end, over: new AbortController() }
    }
  }

  #dropPause(): void {
    this.#pause?.over.abort()
    this.#pause = undefined
  }

  #restart(at: number): void {
    this.#vad.reset()
    this.#pauses.reset()
    this.#base = at
    this.#fed = at
  }

  /** What is written already can not be cut out again. */
  #cutAt(): number {
    return this.#writesAlong ? this.#fed : this.#quietest(this.#fed - cutRange, this.#fed)
  }

  /** The middle of the quietest 100 ms. */
  #quietest(from: number, to: number): number {
    const samples = this.#audio.slice(from, to)
    const width = sampleRate / 10
    let best = { at: to, energy: Infinity }
    for (let i = 0; i + width <= samples.length; i += width / 4) {
      let energy = 0
      for (let j = i; j < i + width; j++) energy += (samples[j] ?? 0) ** 2
      if (energy < best.energy) best = { at: from + i + width / 2, energy }
    }
    return best.at
  }
}
