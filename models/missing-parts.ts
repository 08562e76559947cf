import { type Catalog, type CatalogEntry, withNeeds } from './catalog.ts'
import { estimateMemory } from './memory.ts'
import { resolveModel, type Model } from './model.ts'
import { checkSizes } from './verify.ts'

export interface MissingPart {
  readonly model: Model
  readonly title: string
  /** Some of it is there, and not as it should be. */
  readonly repair: boolean
  /** Bytes that it is thought to take when loaded. */
  readonly memory: number
}

/** What is missing, or damaged, of a model of the catalog and of what it needs, in the order in which it is fetched. */
export function missingParts(
  entry: CatalogEntry,
  catalog: Catalog,
  place: { readonly dir: string; readonly modelsDir: string },
): MissingPart[] {
  return withNeeds(entry, catalog).flatMap(one => {
    const model = resolveModel(one.id, catalog, place)
    const state = model === undefined ? undefined : checkSizes(model)
    if (model === undefined || state === undefined || state.type === 'present') return []
    return [{ model, title: one.title, repair: state.type === 'damaged', memory: estimateMemory(one) }]
  })
}
