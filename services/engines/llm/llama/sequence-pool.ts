import type { EvaluationPriority, LlamaContext, LlamaContextSequence, Token } from 'node-llama-cpp'
import type { Batching } from './batching.ts'

/** A sequence on loan, and how many of the prompt's first tokens it holds already. */
export interface SequenceLease {
  readonly sequence: LlamaContextSequence
  /** Its place among the sequences (batching.ts). */
  readonly place: EvaluationPriority
  readonly cached: number
}

interface Slot {
  readonly sequence: LlamaContextSequence
  readonly place: EvaluationPriority
  busy: boolean
  /** When it was last given back, by a count. */
  used: number
}

/** A piece of a prompt is evaluated in about this many ms, so that others and cancellations get their turn. */
const pieceMs = 250
const smallestPiece = 32
const largestPiece = 512

/** From a cancellation to the end of what was cancelled. Longer than any batch takes. */
const stuckMs = 10_000

/** The sequences of one context. What a request leaves in its sequence is kept for one that begins with the same. */
export class SequencePool {
  readonly contextSize: number
  readonly #slots: Slot[]
  readonly #batching: Batching
  readonly #stuck: (detail: string) => void
  readonly #waiting: (() => void)[] = []
  #loans = 0
  /** Prompt tokens a ms, as seen last. */
  #pace = smallestPiece / pieceMs

  /** `stuck`: native code does not come back, and holds up all other requests. */
  constructor(context: LlamaContext, batching: Batching, stuck: (detail: string) => void) {
    this.#batching = batching
    this.#stuck = stuck
    this.contextSize = context.contextSize
    this.#slots = Array.from({ length: context.totalSequences }, (_, place) => ({
      sequence: context.getSequence(),
      // Any number passes; the library's type is that of its own strategies.
      place: place as EvaluationPriority,
      busy: false,
      used: 0,
    }))
  }

  /**
   * Works with a free sequence, best one that shares a long beginning with the prompt, when there is one. Rejects as soon as
   * the signal is aborted; the work itself may end a little later, and keeps the sequence until then.
   */
  async use<Result>(
    tokens: readonly Token[],
    signal: AbortSignal,
    work: (lease: SequenceLease) => Promise<Result>,
  ): Promise<Result> {
    const aborted = Promise.withResolvers<never>()
    const abort = (): void => aborted.reject(signal.reason)
    signal.addEventListener('abort', abort)
    const result = this.#work(tokens, signal, work)
    try {
      signal.throwIfAborted()
      return await Promise.race([result, aborted.promise])
    } finally {
      signal.removeEventListener('abort', abort)
      aborted.promise.catch(() => undefined)
      if (signal.aborted) this.#watchEnd(result)
    }
  }

  async #work<Result>(
    tokens: readonly Token[],
    signal: AbortSignal,
    work: (lease: SequenceLease) => Promise<Result>,
  ): Promise<Result> {
    while (this.#slots.every(slot => slot.busy))
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    const { slot, shared } = this.#pick(tokens)
    slot.busy = true
    this.#batching.active++
    try {
      signal.throwIfAborted()
      const cached = Math.min(shared, tokens.length - 1)
      await this.#evaluate(slot, tokens, cached, signal)
      return await work({ sequence: slot.sequence, place: slot.place, cached })
    } finally {
      slot.busy = false
      this.#batching.active--
      slot.used = ++this.#loans
      this.#waiting.shift()?.()
    }
  }

  /** Nobody waits for this work any more, but its sequence does. */
  #watchEnd(work: Promise<unknown>): void {
    const timer = setTimeout(
      () => this.#stuck(`llama.cpp was at work ${stuckMs} ms after a cancellation`),
      stuckMs,
    )
    const end = (): void => clearTimeout(timer)
    work.then(end, end)
  }

  #pick(tokens: readonly Token[]): { slot: Slot; shared: number } {
    const wanted = [...tokens]
    const byAge = this.#slots.filter(slot => !slot.busy).sort((one, other) => one.used - other.used)
    const rated = byAge.map((slot, age) => {
      const { sequence } = slot
      const shared = sequence.compareContextTokens(wanted).firstDifferentIndex
      // What it would forget: another conversation, the likelier to go on the younger it is.
      const lost = (sequence.nextTokenIndex - shared) * (age / byAge.length)
      return { slot, shared, worth: shared - lost }
    })
    return rated.reduce((best, one) => (one.worth > best.worth ? one : best))
  }

  /** The beginning of a long prompt, in pieces. What is left is a piece, too, and is evaluated with the first token. */
  async #evaluate(
    { sequence, place }: Slot,
    tokens: readonly Token[],
    cached: number,
    signal: AbortSignal,
  ): Promise<void> {
    let done = cached
    let piece = this.#piece()
    if (tokens.length - done <= piece) return
    await sequence.adaptStateToTokens(tokens.slice(0, done), false)
    // Some architectures can't forget a part, and begin anew.
    done = sequence.nextTokenIndex
    while (tokens.length - done > piece) {
      signal.throwIfAborted()
      const before = performance.now()
      await sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(done, done + piece), {
        evaluationPriority: place,
      })
      done += piece
      this.#pace = piece / Math.max(1, performance.now() - before)
      piece = this.#piece()
    }
    signal.throwIfAborted()
  }

  #piece(): number {
    return Math.max(smallestPiece, Math.min(largestPiece, Math.round(this.#pace * pieceMs)))
  }
}
