import type { InventoryView, KnownModel, ModelKind } from '../../models/inventory.ts'
import type { JobError } from '../portal/request.ts'
import { coreErrors } from './messages.ts'

/**
 * The model that a request means: the one that it names, or the default of its kind, or the only one of its kind. `kinds`:
 * those that can do it, the first one first.
 */
export function chooseModel(
  view: InventoryView,
  named: string | undefined,
  kinds: readonly [ModelKind, ...ModelKind[]],
): KnownModel | JobError {
  const able = [...view.models.values()].filter(
    model => kinds.includes(model.kind) && model.installed && model.engine !== '',
  )
  const ids = able.slice(0, 5).map(({ id }) => id)
  const usual = (kind: ModelKind): string | undefined => {
    const [only, ...others] = able.filter(model => model.kind === kind)
    return view.defaults[kind] ?? (others.length === 0 ? only?.id : undefined)
  }
  const id = named ?? kinds.map(usual).find(name => name !== undefined)
  if (id === undefined) return coreErrors.noDefault(kinds[0], ids)
  const model = view.models.get(id)
  if (model === undefined) return coreErrors.unknownModel(id, ids)
  if (!kinds.includes(model.kind)) return coreErrors.wrongKind(id, model.kind, ids)
  if (model.engine === '') return coreErrors.noEngine(id)
  return model.installed ? model : coreErrors.modelMissing(id, model.missing[0])
}
