import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cardMemory, type CardPlaces } from '../../models/card-memory.ts'
import { lookAtMachine } from '../../models/machine.ts'
import type { Needs } from './needs.ts'

/** Of a card's memory; the rest is for the driver, and for what grows while it is used. */
const share = 0.9
/** For how long a look is good: a burst of loads costs one. */
const freshMs = 2000
/** After one that failed, which may have taken seconds; twice as long after each further one. */
const pauseMs = 60_000
const longestPauseMs = 3600_000

/** What our own engines have on the cards. */
export interface Ours {
  readonly bytes: number
  /** Another number after each that came or went. */
  readonly moves: number
}

/**
 * The machine's graphics cards, as one device of the budget: `gpu`. Apple's have none of their own: there, models use the card
 * and the machine's memory.
 */
export class Cards {
  /** The card's memory is the machine's. */
  readonly shared: boolean
  readonly #places: CardPlaces
  readonly #ended = new AbortController()
  /** There may be one; nobody is asked after that has turned out to be wrong. */
  #maybe: boolean
  #total = 0
  /** Bytes that other programs have there, and our engines beside what they say of themselves. */
  #others = 0
  #lookAgainAt = 0
  #failures = 0
  #looking: Promise<void> | undefined

  /** Has them asked already, which takes 5 s at most. */
  static async find(...where: ConstructorParameters<typeof Cards>): Promise<Cards> {
    const cards = new Cards(...where)
    await cards.refresh()
    return cards
  }

  /** Asks nobody yet. */
  constructor(
    env: Readonly<Record<string, string | undefined>>,
    places: CardPlaces = {},
    isApple = process.platform === 'darwin' && process.arch === 'arm64',
  ) {
    const isOff = env['COURANTE_GPU'] === 'off'
    this.#places = places
    this.shared = isApple && !isOff
    this.#maybe = !isApple && !isOff
  }

  /** There is a card with memory of its own, or nobody knows yet. */
  get possible(): boolean {
    return this.#maybe
  }

  /** Nobody has asked yet, or has had the answer. */
  get unknown(): boolean {
    return this.#maybe && this.#total === 0 && this.#failures === 0
  }

  /** What models may have there; empty without a card, and before it has answered. `wanted`: as the user says. */
  budget(wanted: number | undefined): Needs {
    if (this.#total === 0) return {}
    const left = Math.max(0, this.#total - this.#others)
    return { gpu: Math.floor(wanted ?? Math.min(share * this.#total, left)) }
  }

  /**
   * Asks what others use. `ours` says what our own engines have there, undefined while one comes or goes, whose part nobody can
   * tell from the others'. Never rejects, and ends in 5 s; a driver that gives no answer leaves all as it was.
   */
  async refresh(ours: () => Ours | undefined = nothing): Promise<void> {
    if (!this.#maybe || performance.now() < this.#lookAgainAt) return
    if (this.#looking === undefined) {
      const before = ours()
      if (before === undefined) return
      this.#looking = this.#ask(before, ours).finally(() => (this.#looking = undefined))
    }
    await this.#looking
  }

  /** Nobody waits for an answer any more. */
  close(): void {
    this.#maybe = false
    this.#ended.abort()
  }

  async #ask(before: Ours, ours: () => Ours | undefined): Promise<void> {
    const seen = await cardMemory(this.#ended.signal, this.#places)
    if (seen === undefined) return this.#failed()
    this.#failures = 0
    const isFirst = this.#total === 0
    this.#total = seen.total
    const after = ours()
    // An engine that came or went meanwhile is in the one figure and not in the other: it is asked again before the next load.
    const isSame = after?.bytes === before.bytes && after.moves === before.moves
    if (!isFirst && !isSame) return
    this.#others = Math.max(0, seen.used - before.bytes)
    this.#lookAgainAt = performance.now() + freshMs
  }

  /** One whose driver does not answer yet, as just after the machine's start, is asked again; one that isn't there is not. */
  #failed(): void {
    this.#lookAgainAt = performance.now() + Math.min(longestPauseMs, pauseMs * 2 ** this.#failures++)
    const { gpus } = lookAtMachine(this.#places.root)
    if (this.#total === 0 && !gpus.some(({ vendor }) => vendor === 'nvidia')) this.#maybe = false
  }
}

const nothing = (): Ours => ({ bytes: 0, moves: 0 })

const packages = join(import.meta.dirname, '../engines/node_modules/@node-llama-cpp')

/**
 * Whether llama.cpp can use a card: the installer has put a package for one there (`bins` is what the empty packages in their
 * places lack). Looked at each time: it may come while core runs.
 */
export function llamaHasCard(): boolean {
  return ['linux-x64-cuda', 'linux-x64-vulkan'].some(name => existsSync(join(packages, name, 'bins')))
}
