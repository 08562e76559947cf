import { statSync } from 'node:fs'
import { join } from 'node:path'
import { loadCatalog } from '../../models/catalog.ts'
import { isRecorded, lockPath, readLock } from '../../models/lock-file.ts'
import { faultLine } from '../../models/messages.ts'
import { type Model, resolveModel } from '../../models/model.ts'
import { modelsFilePath, modelsFileText, parseModelsFile } from '../../models/models-file.ts'
import { checkHashes, checkSizes, filesOf } from '../../models/verify.ts'
import type { Seen } from '../install/look.ts'
import type { Check } from './check.ts'
import { says } from './messages.ts'
import { lookAtPartials } from './partials.ts'
import type { Subject } from './subject.ts'

/** The stack's models, and what else of the catalog is here. `deep` reads every byte. */
export async function models(
  seen: Seen,
  subject: Subject,
  deep: boolean,
  signal: AbortSignal,
): Promise<Check[]> {
  const { dir, modelsDir, where, context } = subject
  const wanted = seen.models.map(({ model }) => model)
  const known = new Set(wanted.map(({ id }) => id))
  const catalog = loadCatalog()
  const others = [...catalog.keys()]
    .filter(id => !known.has(id))
    .flatMap(id => resolveModel(id, catalog, { dir, modelsDir }) ?? [])
    .filter(model => checkSizes(model).type !== 'missing')
    // What came with Courante is of use to stacks with a language model only.
    .filter(({ from }) => !('shipped' in from) || context?.loaded.stack.language_model !== undefined)
  const lock = readLock(modelsDir)
  const checks = seen.unknownModels.map(says.unknownModel)
  for (const model of [...wanted, ...others]) {
    const state = deep ? await checkHashes(model, signal) : checkSizes(model)
    const isShipped = 'shipped' in model.from
    if (state.type === 'missing') checks.push(says.modelMissing(model.id, model.from.bytes, where))
    else if (state.type === 'damaged')
      checks.push(says.modelDamaged(model.id, state.file, state.reason, known.has(model.id), where))
    else if (deep) checks.push(says.modelHashed(model.id, bytesOf(model)))
    else if (!isShipped && lock.models[model.id] !== undefined && !isRecorded(model, lock))
      checks.push(says.modelChanged(model.id, where))
    else checks.push(says.model(model.id, bytesOf(model), !isShipped && isRecorded(model, lock)))
  }
  const { without = [] } = seen.environment
  return without.length === 0 ? checks : [...checks, says.without(without)]
}

/** The user's models.yaml, the lock file, and downloads that are not whole. */
export function modelFiles({ home, modelsDir, where }: Subject): Check[] {
  const path = modelsFilePath(home)
  const text = modelsFileText(path)
  const read = text === undefined ? undefined : parseModelsFile(text)
  const own =
    read === undefined
      ? []
      : read.ok
        ? [says.modelsFileGood(path)]
        : read.faults.map(fault => says.modelsFile(faultLine(path, fault)))
  const { fault } = readLock(modelsDir)
  return [
    ...own,
    ...(fault === undefined ? [] : [says.lockBroken(lockPath(modelsDir), fault)]),
    ...partials(modelsDir, where),
  ]
}

export function partials(modelsDir: string, where: string): Check[] {
  const found = lookAtPartials(modelsDir)
  const checks = [
    ...(found.owners.length > 0 ? [says.downloading(found.owners)] : []),
    ...(found.resting > 0 ? [says.partials(found, where)] : []),
  ]
  return checks.length === 0 ? [says.noPartials()] : checks
}

function bytesOf(model: Model): number {
  return filesOf(model).reduce((sum, path) => sum + statSync(join(model.folder, path)).size, 0)
}
