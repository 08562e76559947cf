import { type CatalogEntry, withNeeds } from '../../models/catalog.ts'
import { estimateMemory } from '../../models/memory.ts'
import { resolveModel } from '../../models/model.ts'
import { checkSizes } from '../../models/verify.ts'
import type { Step } from '../install/step.ts'
import type { Models } from './open.ts'

export type FetchStep = Extract<Step, { type: 'fetch_model' }>

/** What is missing, or damaged, of a model of the catalog and of what it needs. */
export function fetchSteps(entry: CatalogEntry, models: Models): FetchStep[] {
  const { catalog } = models.inventory
  return withNeeds(entry, catalog).flatMap(one => {
    const model = resolveModel(one.id, catalog, models)
    const state = model === undefined ? undefined : checkSizes(model)
    if (model === undefined || state === undefined || state.type === 'present') return []
    const { dir, modelsDir } = models
    const repair = state.type === 'damaged'
    return [{ type: 'fetch_model', model, dir, modelsDir, repair, memory: estimateMemory(one) }]
  })
}
