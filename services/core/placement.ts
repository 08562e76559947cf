import type { InventoryView, KnownModel } from '../../models/inventory.ts'
import { llamaHasCard } from './cards.ts'
import type { Needs } from './needs.ts'
import type { ModelSpec } from './resident.ts'

/** What decides where a model goes, beside the models themselves. */
export interface Ground {
  readonly budget: Needs
  /** The card's memory is the machine's: it may be used, and is no device of its own. */
  readonly shared: boolean
  /** Models that a card has failed, which have to do without. */
  readonly offCard: { has(model: string): boolean }
  readonly llamaHasCard?: () => boolean
}

/** `split`: layers that the card has no room for stay on the processor. */
const onCard: Readonly<Record<string, 'whole' | 'split'>> = {
  llama: 'split',
  'llama-server': 'whole',
  whisper: 'whole',
  diffusion: 'whole',
  echo: 'whole',
}

/** On the card beside what the model takes anywhere: the driver's own part for a process. Rough, until it is measured. */
const driverBytes = 300e6
/** In the machine's memory beside a model on the card: the process and the driver's libraries, and the table of its words. */
const hostBytes = 400e6
const hostShare = 0.1
/** A card that holds less of a model's layers gains nothing that one would notice. */
const leastShare = 0.25

/** What the scheduler has to know of a model, with its place: on the card where it fits, in part where it can, else beside it. */
export function specOf(model: KnownModel, view: InventoryView, ground: Ground): ModelSpec {
  // What is pinned comes first and stays: the others share what it leaves.
  let room = ground.budget['gpu'] ?? 0
  for (const other of view.models.values()) {
    if (model.pinned && other.id === model.id) break
    if (other.pinned && other.id !== model.id && other.installed)
      room -= needsOf(other, room, ground)['gpu'] ?? 0
  }
  return {
    id: model.id,
    needs: needsOf(model, room, ground),
    idleMs: (model.idleMs ?? view.idleMs) || Infinity,
    pinned: model.pinned,
  }
}

/** Whether its engine may use a card, and has not been failed by it. */
export function mayUseCard(
  { id, engine }: Pick<KnownModel, 'id' | 'engine'>,
  { shared, offCard, llamaHasCard: hasPackage = llamaHasCard }: Ground,
): boolean {
  if (offCard.has(id) || onCard[engine] === undefined) return false
  return engine !== 'llama' || shared || hasPackage()
}

/** `room`: bytes on the card. */
export function needsOf(model: KnownModel, room: number, ground: Ground): Needs {
  const memory = model.memory ?? 0
  if (ground.shared || room <= 0 || !mayUseCard(model, ground)) return { memory }
  const gpu = memory + driverBytes
  const host = Math.round(hostBytes + hostShare * memory)
  if (gpu <= room) return { memory: host, gpu }
  const part = (room - driverBytes) / memory
  if (onCard[model.engine] !== 'split' || part < leastShare) return { memory }
  return { memory: Math.round(host + (1 - part) * memory), gpu: room }
}
