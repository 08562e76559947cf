import type { Catalog } from '../../../models/catalog.ts'
import type { CoreView, Resident } from '../../../models/core-view.ts'
import type { InventoryView, KnownModel } from '../../../models/inventory.ts'
import { modelKinds } from '../../../models/kind.ts'
import { estimateMemory } from '../../../models/memory.ts'
import type { MissingPart } from '../../../models/missing-parts.ts'
import { sourceName } from '../../../models/source.ts'
import type { ApiProblem } from '../../chat/protocol.ts'
import type { Model, Models, ModelState } from '../protocol.ts'
import type { MemoryJob } from './memory-jobs.ts'

/** What is known of one model beside the inventory. */
export interface Doing {
  readonly fetching: Extract<ModelState, { type: 'fetching' }> | undefined
  readonly fetchProblem: ApiProblem | undefined
  readonly job: MemoryJob | undefined
  readonly jobProblem: ApiProblem | undefined
}

export interface Seen {
  readonly view: InventoryView
  readonly catalog: Catalog
  /** Undefined: it is not running. */
  readonly core: CoreView | undefined
  readonly doing: (id: string) => Doing
  /** What has to be fetched for a model of the catalog. */
  readonly missing: (id: string) => readonly MissingPart[]
}

/** By kind, then what is here, then by where they come from, small ones first. */
export function listModels(seen: Seen): Models {
  const { view, core } = seen
  const models = [...view.models.values()].sort(
    (a, b) =>
      modelKinds.indexOf(a.kind) - modelKinds.indexOf(b.kind) ||
      Number(b.installed) - Number(a.installed) ||
      origins.indexOf(a.origin) - origins.indexOf(b.origin) ||
      a.bytes - b.bytes ||
      (a.id < b.id ? -1 : 1),
  )
  return {
    core: core === undefined ? 'absent' : 'running',
    budget: core?.budget ?? {},
    used: core?.used ?? {},
    models: models.map(model => described(model, seen)),
    faults: [...view.faults],
  }
}

const origins: readonly KnownModel['origin'][] = [
  'shipped',
  'yours',
  'catalog',
  'ollama',
  'lmstudio',
  'huggingface',
]

function described(model: KnownModel, seen: Seen): Model {
  const { view, catalog, core } = seen
  const { id, kind, title, licence, engine, origin, bytes, installed, pinned } = model
  const entry = catalog.get(id)
  const isOffered = !installed && entry !== undefined
  const resident = core?.models.find(one => one.id === id)
  const memory = model.memory ?? (entry === undefined || installed ? undefined : estimateMemory(entry))
  return {
    id,
    kind,
    title,
    licence,
    engine,
    origin,
    bytes,
    // What works inside of others takes what they take.
    memory: engine === '' ? null : (memory ?? null),
    isDefault: view.defaults[kind] === id,
    pinned,
    vision: model.vision,
    download: isOffered ? downloadOf(seen.missing(id)) : null,
    state: stateOf(installed, resident, seen.doing(id)),
  }
}

/** Null: nothing of it can be downloaded, as of one that is shipped and was removed by hand. */
export function downloadOf(missing: readonly MissingPart[]): Model['download'] {
  const parts = missing.flatMap(({ model, title }) =>
    'shipped' in model.from
      ? []
      : [
          {
            id: model.id,
            title,
            bytes: model.from.bytes,
            licence: model.licence,
            from: sourceName(model.from),
          },
        ],
  )
  if (parts.length === 0) return null
  return { bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0), parts }
}

function stateOf(installed: boolean, resident: Resident | undefined, doing: Doing): ModelState {
  if (doing.fetching !== undefined) return doing.fetching
  if (resident?.state === 'ready') {
    const { measured = 0, gpu, inFlight = 0, waiting = 0, parallel = 1, idleMs = null } = resident
    return { type: 'ready', measured, gpu, inFlight, waiting, parallel, idleMs }
  }
  if (resident?.state === 'unloading') return { type: 'unloading' }
  if (resident !== undefined) return { type: 'loading', progress: resident.progress ?? 0 }
  // Core has not begun: it may have to make room first.
  if (doing.job === 'load') return { type: 'loading', progress: 0 }
  const problem = installed ? doing.jobProblem : doing.fetchProblem
  return { type: installed ? 'installed' : 'absent', ...(problem === undefined ? {} : { problem }) }
}
