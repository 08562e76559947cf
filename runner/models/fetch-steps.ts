import type { CatalogEntry } from '../../models/catalog.ts'
import { missingParts } from '../../models/missing-parts.ts'
import type { Step } from '../install/step.ts'
import type { Models } from './open.ts'

export type FetchStep = Extract<Step, { type: 'fetch_model' }>

/** What is missing, or damaged, of a model of the catalog and of what it needs. */
export function fetchSteps(entry: CatalogEntry, models: Models): FetchStep[] {
  const { dir, modelsDir } = models
  return missingParts(entry, models.inventory.catalog, models).map(({ model, repair, memory }) => ({
    type: 'fetch_model',
    model,
    dir,
    modelsDir,
    repair,
    memory,
  }))
}
