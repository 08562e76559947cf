import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { loadEntries } from '../../models/catalog.ts'
import { foundFiles } from '../../models/found/found.ts'
import { GgufFiles } from '../../models/gguf-files.ts'
import { fromFound, type Look } from '../../models/known-model.ts'
import { lookAtMachine } from '../../models/machine.ts'
import { estimateMemory } from '../../models/memory.ts'
import { resolveModel } from '../../models/model.ts'
import { emptyModelsFile, modelsFilePath, modelsFileText, parseModelsFile } from '../../models/models-file.ts'
import { fromOwn } from '../../models/own-model.ts'
import { Sizes } from '../../models/sizes.ts'
import { checkSizes } from '../../models/verify.ts'
import type { RunContext } from '../run-context.ts'
import type { Check } from './check.ts'
import { says } from './messages.ts'

/**
 * The language model that answers where none is named: whether it is here, and fits. models.yaml goes before the stack.
 * One that came with Courante costs no look at all, which most starts are glad of.
 */
export function languageModel({ loaded, places }: RunContext, io: Io): Check[] {
  const { home, models: modelsDir, dir } = places
  const text = modelsFileText(modelsFilePath(home))
  const read = text === undefined ? undefined : parseModelsFile(text)
  const own = read?.ok === true ? read.data : emptyModelsFile
  const id = own.defaults.llm ?? loaded.stack.language_model
  if (id === undefined) return [says.noLanguageModel()]
  const budget = own.memory ?? lookAtMachine().budget
  const judge = (need: number | undefined): Check[] => [
    need !== undefined && need > budget
      ? says.languageModelBig(id, need, budget)
      : says.languageModel(id, need),
  ]
  const ownEntry = own.models.find(entry => entry.id === id)
  // Headers that were read before are read from there, and no new ones written: this is but a look.
  const gguf = new GgufFiles(join(home, 'run/gguf-headers.json'))
  const look: Look = {
    modelsDir,
    home: io.env['HOME'] || homedir(),
    catalog: new Map(),
    folders: new Set(),
    gguf,
    sizes: new Sizes(),
    pins: new Set(),
  }
  if (ownEntry !== undefined) {
    const model = fromOwn(ownEntry, look)
    return model.installed ? judge(model.memory) : [says.languageModelGone(id)]
  }
  if (id.includes('/')) {
    const found = foundFiles(io.env).find(file => file.id === id)
    const model = found === undefined ? undefined : fromFound(found, look)
    return model === undefined ? [says.languageModelGone(id)] : judge(model.memory)
  }
  const catalog = loadEntries([id])
  const entry = catalog.get(id)
  const model = resolveModel(id, catalog, { dir, modelsDir })
  if (entry === undefined || model === undefined) return [says.languageModelGone(id)]
  if (checkSizes(model).type === 'missing') return [says.languageModelNotYet(id)]
  return judge(estimateMemory(entry))
}
