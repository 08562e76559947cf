import { EngineError } from '../../core/engine.ts'

/** Audio (16 kHz, -1 to 1) to text, without more. May reject with an EngineError. */
export type Recognise = (samples: Float32Array, signal: AbortSignal, haste: Haste) => Promise<string>

/** A decoding that somebody speaks before goes first. */
export type Haste = 'live' | 'file'

interface Waiting {
  readonly samples: Float32Array
  readonly haste: Haste
  readonly settle: (text: Promise<string>) => void
  readonly signal: AbortSignal
}

/**
 * The one recognizer of this process, for all that want it: one decoding at a time, or as many as it is said to take, while
 * this thread goes on.
 */
export class Decoder {
  readonly #recognise: Recognise
  #free: number
  readonly #waiting: Record<Haste, Waiting[]> = { live: [], file: [] }

  constructor(recognise: Recognise, atOnce = 1) {
    this.#recognise = recognise
    this.#free = atOnce
  }

  /** Rejects as soon as it is aborted; what is being decoded then is decoded for nobody. */
  async text(samples: Float32Array, haste: Haste, signal: AbortSignal): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const drop = (): void => reject(new EngineError({ reason: 'cancelled' }))
    if (signal.aborted) drop()
    signal.addEventListener('abort', drop, { once: true })
    this.#waiting[haste].push({ samples, haste, settle: resolve, signal })
    void this.#work()
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', drop)
    }
  }

  async #work(): Promise<void> {
    if (this.#free === 0) return
    this.#free--
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (next.signal.aborted) continue
      const text = this.#decode(next)
      next.settle(text)
      // A failure goes to who asked; the next one may do better.
      await Promise.allSettled([text])
    }
    this.#free++
  }

  #next(): Waiting | undefined {
    return this.#waiting.live.shift() ?? this.#waiting.file.shift()
  }

  async #decode({ samples, signal, haste }: Waiting): Promise<string> {
    try {
      return (await this.#recognise(samples, signal, haste)).trim()
    } catch (error) {
      if (error instanceof EngineError) throw error
      throw new EngineError({ reason: 'internal', detail: String(error) }, { cause: error })
    }
  }
}
