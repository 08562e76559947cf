import type { InventoryView, KnownModel } from '../../models/inventory.ts'
import type { Cards, Ours } from './cards.ts'
import type { EngineFailure } from './engine.ts'
import type { Hosted } from './hosted.ts'
import type { Needs } from './needs.ts'
import { OffCard } from './off-card.ts'
import { type Ground, mayUseCard, specOf } from './placement.ts'
import type { ModelSpec, Resident } from './resident.ts'

export interface PlacesOptions {
  readonly memory: number
  readonly cards: Cards
  readonly cardUse: Ground['cardUse']
  readonly residents: ReadonlyMap<string, Resident>
}

/** Where models go: the devices with what the user says of them, and the models that the card has failed. */
export class Places {
  readonly offCard = new OffCard()
  readonly #memory: number
  readonly #cards: Cards
  readonly #cardUse: Ground['cardUse']
  readonly #residents: ReadonlyMap<string, Resident>
  #moves = 0

  /** `memory`: bytes of the machine's that models may take where the user has not said it. */
  constructor({ memory, cards, cardUse, residents }: PlacesOptions) {
    this.#memory = memory
    this.#cards = cards
    this.#cardUse = cardUse
    this.#residents = residents
  }

  budget(view: Partial<Pick<InventoryView, 'budget' | 'gpuBudget'>>): Needs {
    return { memory: view.budget ?? this.#memory, ...this.#cards.budget(view.gpuBudget) }
  }

  specOf(model: KnownModel, view: InventoryView): ModelSpec {
    return specOf(model, view, this.#ground(view))
  }

  /** What the card says may decide whether this model goes there. */
  dependsOnCard(model: KnownModel, view: InventoryView): boolean {
    return this.#cards.possible && mayUseCard(model, this.#ground(view))
  }

  /** Its place is not known before the card's first answer, which comes soon, or not at all. */
  waitsForCard(model: KnownModel, view: InventoryView): boolean {
    return this.#cards.unknown && this.dependsOnCard(model, view)
  }

  /** Whether its engine may use a card, for a model that was given this place. */
  onCard(model: KnownModel, needs: Needs, view: InventoryView): boolean {
    return needs['gpu'] !== undefined || (this.#cards.shared && mayUseCard(model, this.#ground(view)))
  }

  /** Asks what other programs use of the card, as far as it can be told. */
  async refresh(hosted: ReadonlyMap<string, Hosted>): Promise<void> {
    await this.#cards.refresh(() => this.#ours(hosted))
  }

  /** An engine has come to the card, or is gone from it. */
  moved(): void {
    this.#moves++
  }

  close(): void {
    this.#cards.close()
  }

  /** Undefined while one of our own comes or goes there. */
  #ours(hosted: ReadonlyMap<string, Hosted>): Ours | undefined {
    let bytes = 0
    for (const { spec, state, needs } of this.#residents.values()) {
      const isMoving = state.type === 'loading' || state.type === 'unloading'
      if (isMoving && needs['gpu'] !== undefined) return undefined
      bytes += hosted.get(spec.id)?.measured['gpu'] ?? 0
    }
    return { bytes, moves: this.#moves }
  }

  #ground(view: InventoryView): Ground {
    const held = new Map<string, Needs>()
    for (const [id, { state, needs }] of this.#residents)
      if (state.type === 'loading' || state.type === 'ready') held.set(id, needs)
    const { shared } = this.#cards
    const ground = { budget: this.budget(view), shared, offCard: this.offCard, held }
    return this.#cardUse === undefined ? ground : { ...ground, cardUse: this.#cardUse }
  }
}

/** Whether a load that failed so on a card may succeed on the processor: not where the model itself is at fault. */
export function mayBeTheCard({ reason }: EngineFailure): boolean {
  return !['missing_files', 'bad_settings', 'missing_program', 'unsupported', 'remote'].includes(reason)
}
