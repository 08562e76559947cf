import type { InventoryView, KnownModel } from '../../models/inventory.ts'
import type { Cards } from './cards.ts'
import type { EngineFailure } from './engine.ts'
import type { Hosted } from './hosted.ts'
import type { Needs } from './needs.ts'
import { OffCard } from './off-card.ts'
import { type Ground, mayUseCard, specOf } from './placement.ts'
import type { ModelSpec, Resident } from './resident.ts'

/** Where models go: the devices with what the user says of them, and the models that the card has failed. */
export class Places {
  readonly offCard = new OffCard()
  readonly #memory: number
  readonly #cards: Cards

  /** `memory`: bytes of the machine's that models may take where the user has not said it. */
  constructor(memory: number, cards: Cards) {
    this.#memory = memory
    this.#cards = cards
  }

  budget(view: Partial<Pick<InventoryView, 'budget' | 'gpuBudget'>>): Needs {
    return { memory: view.budget ?? this.#memory, ...this.#cards.budget(view.gpuBudget) }
  }

  specOf(model: KnownModel, view: InventoryView): ModelSpec {
    return specOf(model, view, this.#ground(view))
  }

  /** What others use of the card may decide whether this model goes there. */
  dependsOnCard(model: KnownModel, view: InventoryView): boolean {
    const ground = this.#ground(view)
    return ground.budget['gpu'] !== undefined && mayUseCard(model, ground)
  }

  /** Whether its engine may use a card, for a model that was given this place. */
  onCard(model: KnownModel, needs: Needs, view: InventoryView): boolean {
    return needs['gpu'] !== undefined || (this.#cards.shared && mayUseCard(model, this.#ground(view)))
  }

  /** Asks what other programs use of the card, as far as it can be told. */
  async refresh(residents: Iterable<Resident>, hosted: ReadonlyMap<string, Hosted>): Promise<void> {
    let ours: number | undefined = 0
    for (const { spec, state, needs } of residents) {
      const isMoving = state.type === 'loading' || state.type === 'unloading'
      if (isMoving && needs['gpu'] !== undefined) ours = undefined
      if (ours !== undefined) ours += hosted.get(spec.id)?.measured['gpu'] ?? 0
    }
    await this.#cards.refresh(ours)
  }

  #ground(view: InventoryView): Ground {
    return { budget: this.budget(view), shared: this.#cards.shared, offCard: this.offCard }
  }
}

/** Whether a load that failed so on a card may succeed on the processor: not where the model itself is at fault. */
export function mayBeTheCard({ reason }: EngineFailure): boolean {
  return !['missing_files', 'bad_settings', 'missing_program', 'unsupported', 'remote'].includes(reason)
}
