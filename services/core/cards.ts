import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type CardMemory, cardMemory, type CardPlaces } from '../../models/card-memory.ts'
import type { Needs } from './needs.ts'

/** Of a card's memory; the rest is for the driver, and for what grows while it is used. */
const share = 0.9
/** For how long a look is good: a burst of loads costs one. */
const freshMs = 2000
/** After one that failed, which may have taken seconds. */
const pauseMs = 60_000

type Look = () => Promise<CardMemory | undefined>

/**
 * The machine's graphics cards, as one device of the budget: `gpu`. Apple's have none of their own: there, models use the card
 * and the machine's memory.
 */
export class Cards {
  /** The card's memory is the machine's. */
  readonly shared: boolean
  readonly #look: Look | undefined
  #total = 0
  /** Bytes that other programs have there, and our engines beside what they say of themselves. */
  #others = 0
  #lookAgainAt = 0
  #looking: Promise<void> | undefined

  /** Asks the driver, 5 s at most. */
  static async find(
    env: Readonly<Record<string, string | undefined>>,
    places: CardPlaces = {},
    isApple = process.platform === 'darwin' && process.arch === 'arm64',
  ): Promise<Cards> {
    if (env['COURANTE_GPU'] === 'off') return new Cards(undefined, false)
    if (isApple) return new Cards(undefined, true)
    const look: Look = () => cardMemory(new AbortController().signal, places)
    const cards = new Cards(look, false)
    await cards.refresh(0)
    return cards.#total > 0 ? cards : new Cards(undefined, false)
  }

  private constructor(look: Look | undefined, shared: boolean) {
    this.#look = look
    this.shared = shared
  }

  /** What models may have there; empty without a card. `wanted`: as the user says. */
  budget(wanted: number | undefined): Needs {
    if (this.#look === undefined) return {}
    const left = Math.max(0, this.#total - this.#others)
    return { gpu: Math.floor(wanted ?? Math.min(share * this.#total, left)) }
  }

  /**
   * Asks what others use. `ours`: bytes of our own engines, undefined while one comes or goes there, whose part nobody can tell
   * from the others'. Never rejects; a driver that gives no answer leaves all as it was.
   */
  async refresh(ours: number | undefined): Promise<void> {
    if (this.#look === undefined || ours === undefined || performance.now() < this.#lookAgainAt) return
    this.#looking ??= this.#ask(this.#look, ours).finally(() => (this.#looking = undefined))
    await this.#looking
  }

  async #ask(look: Look, ours: number): Promise<void> {
    const seen = await look()
    this.#lookAgainAt = performance.now() + (seen === undefined ? pauseMs : freshMs)
    if (seen === undefined) return
    this.#total = seen.total
    this.#others = Math.max(0, seen.used - ours)
  }
}

const packages = join(import.meta.dirname, '../engines/node_modules/@node-llama-cpp')

/**
 * Whether llama.cpp can use a card: the installer has put a package for one there (`bins` is what the empty packages in their
 * places lack). Looked at each time: it may come while core runs.
 */
export function llamaHasCard(): boolean {
  return ['linux-x64-cuda', 'linux-x64-vulkan'].some(name => existsSync(join(packages, name, 'bins')))
}
