import type { KnownModel } from '../../models/inventory.ts'
import { memory } from '../console/units.ts'
import { words } from './messages.ts'
import { type Models, residentOf } from './open.ts'

/** What a model does at the moment, for people: `ready, pinned`. */
export function stateWords(models: Models, model: KnownModel): string {
  const resident = residentOf(models, model.id)
  const parts = [
    ...(resident === undefined ? [] : [words.state(resident.state, resident.progress)]),
    ...(model.pinned ? [words.pinned] : []),
    ...(model.installed ? [] : [words.absent]),
  ]
  return parts.length === 0 ? '-' : parts.join(', ')
}

/** What it takes, measured or estimated. */
export function memoryWords(models: Models, model: KnownModel): string {
  const measured = residentOf(models, model.id)?.measured
  if (measured !== undefined && measured > 0) return memory(measured)
  return model.memory === undefined || model.engine === '' ? '-' : words.about(memory(model.memory))
}

export function sizeWords(model: KnownModel): string {
  return 'url' in model.settings ? words.remote : memory(model.bytes)
}

/** A model with what core says of it, for programs. */
export function asJson(models: Models, model: KnownModel): object {
  const isDefault = models.defaults[model.kind] === model.id
  return { ...model, default: isDefault, resident: residentOf(models, model.id) ?? null }
}
