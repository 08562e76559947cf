import type { InventoryView, KnownModel } from '../../models/inventory.ts'
import { llamaHasCard } from './cards.ts'
import type { Needs } from './needs.ts'
import type { ModelSpec } from './resident.ts'

/** `split`: layers that the card has no room for stay on the processor. */
export type CardUse = 'whole' | 'split'

/** What decides where a model goes, beside the models themselves. */
export interface Ground {
  readonly budget: Needs
  /** The card's memory is the machine's: it may be used, and is no device of its own. */
  readonly shared: boolean
  /** Models that a card has failed, which have to do without. */
  readonly offCard: { has(model: string): boolean }
  /** What those have that are in memory, or on their way there. */
  readonly held?: ReadonlyMap<string, Needs>
  readonly llamaHasCard?: () => boolean
  /** By each engine that may use a card. */
  readonly cardUse?: Readonly<Record<string, CardUse>>
}

const engines: Readonly<Record<string, CardUse>> = {
  llama: 'split',
  'llama-server': 'whole',
  whisper: 'whole',
  diffusion: 'whole',
}

/** On the card beside what the model takes anywhere: the driver's own part for a process. Rough, until it is measured. */
const driverBytes = 300e6
/** In the machine's memory beside a model on the card: the process and the driver's libraries, and the table of its words. */
const hostBytes = 400e6
const hostShare = 0.1
/** A card that holds less of a model's layers gains nothing that one would notice. */
const leastShare = 0.25
/** So much of the card a model that can be there in part leaves to small ones that are there. */
const besideShare = 0.4

/**
 * What the scheduler has to know of a model, with its place: on the card where it fits, in part where it can, else beside it.
 * What is pinned comes first and stays: the others share what it leaves.
 */
export function specOf(model: KnownModel, view: InventoryView, ground: Ground): ModelSpec {
  const room = roomBesidePinned(model, view, ground)
  const left = useOf(model, ground) === 'split' ? room - smallOnes(model, view, room, ground) : room
  const needs = needsOf(model, left, ground)
  return {
    id: model.id,
    needs,
    ...(needs['gpu'] === undefined ? {} : { elsewhere: needsOf(model, 0, ground) }),
    idleMs: (model.idleMs ?? view.idleMs) || Infinity,
    pinned: model.pinned,
  }
}

/** Whether its engine may use a card, and has not been failed by it. */
export function mayUseCard(model: Pick<KnownModel, 'id' | 'engine'>, ground: Ground): boolean {
  const { shared, offCard, llamaHasCard: hasPackage = llamaHasCard } = ground
  if (offCard.has(model.id) || useOf(model, ground) === undefined) return false
  return model.engine !== 'llama' || shared || hasPackage()
}

/** `room`: bytes on the card. */
export function needsOf(model: KnownModel, room: number, ground: Ground): Needs {
  const memory = model.memory ?? 0
  if (ground.shared || room <= 0 || !mayUseCard(model, ground)) return { memory }
  const gpu = memory + driverBytes
  const host = Math.round(hostBytes + hostShare * memory)
  if (gpu <= room) return { memory: host, gpu }
  const part = (room - driverBytes) / memory
  if (useOf(model, ground) !== 'split' || part < leastShare) return { memory }
  return { memory: Math.round(host + (1 - part) * memory), gpu: Math.floor(room) }
}

function useOf({ engine }: Pick<KnownModel, 'engine'>, { cardUse = engines }: Ground): CardUse | undefined {
  return cardUse[engine]
}

function roomBesidePinned(model: KnownModel, view: InventoryView, ground: Ground): number {
  let room = ground.budget['gpu'] ?? 0
  // Of two pinned ones that are not there yet, the first in the list comes first.
  let isFirst = false
  for (const other of view.models.values()) {
    if (other.id === model.id) isFirst = model.pinned
    else if (other.pinned) {
      const held = ground.held?.get(other.id)
      // What it has counts, be it more than was thought, or nothing.
      if (held !== undefined) room -= held['gpu'] ?? 0
      else if (other.installed && !isFirst) room -= needsOf(other, room, ground)['gpu'] ?? 0
    }
  }
  return room
}

/**
 * Bytes of those of other kinds that are on the card, the smallest first, as long as they leave enough of it. A conversation needs
 * them in turn (ears, a language model), and each turn would be a load if the larger took all the room.
 */
function smallOnes(model: KnownModel, view: InventoryView, room: number, ground: Ground): number {
  const sizes = Array.from(ground.held ?? [], ([id, { gpu = 0 }]) => {
    const other = view.models.get(id)
    if (gpu === 0 || other === undefined || other.pinned || other.kind === model.kind) return 0
    return Math.max(gpu, needsOf(other, Infinity, ground)['gpu'] ?? 0)
  })
  let sum = 0
  for (const size of sizes.toSorted((a, b) => a - b)) if (sum + size <= besideShare * room) sum += size
  return sum
}
