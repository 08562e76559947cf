import { accessTo } from '../../../models/access.ts'
import { type CoreView, readCore } from '../../../models/core-view.ts'
import { editModelsFile, forget, setDefault } from '../../../models/edit-models-file.ts'
import { Inventory, type KnownModel, type ModelKind } from '../../../models/inventory.ts'
import { type MissingPart, missingParts } from '../../../models/missing-parts.ts'
import { catalogFiles, removeFiles } from '../../../models/removal.ts'
import type { PortalClient } from '../../portal/client.ts'
import { Refusal } from '../api/refusal.ts'
import type { CoreWatch } from '../core-watch.ts'
import { apiProblems } from '../messages.ts'
import type { Models } from '../protocol.ts'
import { Downloads } from './downloads.ts'
import { downloadOf, listModels } from './list.ts'
import { MemoryJobs } from './memory-jobs.ts'

/** Where models lie, and what decides about them beside their files. */
export interface ModelPlaces {
  readonly home: string
  readonly modelsDir: string
  /** From where npm is asked. */
  readonly dir: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The language model that the stack names. */
  readonly llm?: string | undefined
}

/** What the page can do with models: as `courante models`, for people who see no terminal. Refuses by throwing. */
export class ModelDesk {
  readonly #places: ModelPlaces
  readonly #downloads: Downloads
  readonly #jobs: MemoryJobs
  #opened: Inventory | undefined

  /** `tell.changed`: what `list` says is something else now, for reasons that core's file and the disk don't show. */
  constructor(
    places: ModelPlaces,
    portal: PortalClient,
    core: CoreWatch,
    tell: { readonly changed: () => void; readonly log: (line: string) => void },
  ) {
    this.#places = places
    const { modelsDir, env, dir: cwd } = places
    this.#downloads = new Downloads({ modelsDir, env, cwd, log: tell.log }, tell.changed)
    this.#jobs = new MemoryJobs(portal, core, tell)
  }

  list(): Models {
    const { catalog } = this.#inventory
    return listModels({
      view: this.#inventory.look(),
      catalog,
      core: readCore(this.#places.home),
      missing: id => this.#missing(id),
      doing: id => ({
        fetching: this.#downloads.state(id),
        fetchProblem: this.#downloads.problem(id),
        job: this.#jobs.running(id),
        jobProblem: this.#jobs.problem(id),
      }),
    })
  }

  /** What can be asked of right now, for the list of `/v1/models`. */
  usable(): readonly Pick<KnownModel, 'id' | 'kind' | 'origin'>[] {
    const models = [...this.#inventory.look().models.values()]
    return models.filter(({ installed, engine }) => installed && engine !== '')
  }

  /** Which one answers where none of that kind is named. */
  usual(kind: ModelKind): string | undefined {
    return this.#inventory.look().defaults[kind]
  }

  async load(id: string): Promise<void> {
    usable(this.#find(id))
    await this.#jobs.start('load', id, this.#core())
  }

  async unload(id: string): Promise<void> {
    const isIn = readCore(this.#places.home)?.models.some(model => model.id === id) === true
    // It may be in memory although its files are gone by now.
    if (!isIn) this.#find(id)
    const core = this.#core()
    if (!isIn) {
      // It still waits for room.
      if (await this.#jobs.callOff(id)) return
      throw new Refusal(409, apiProblems.modelNotInMemory(id))
    }
    if (this.#inventory.look().models.get(id)?.pinned === true)
      throw new Refusal(409, apiProblems.modelPinned(id))
    await this.#jobs.start('unload', id, core)
  }

  /** `bytes`: what whoever agreed was shown. */
  fetch(id: string, bytes: number): void {
    const { installed } = this.#find(id)
    if (this.#downloads.state(id) !== undefined) return
    const { catalog } = this.#inventory
    const entry = catalog.get(id)
    const isOffered = !installed && entry !== undefined
    const parts = isOffered ? this.#missing(id) : []
    const download = downloadOf(parts)
    if (download === null) throw new Refusal(409, apiProblems.nothingToFetch(id))
    if (download.bytes !== bytes) throw new Refusal(409, apiProblems.changed(id))
    // What must not be asked is better told now.
    for (const { model } of parts) if ('url' in model.from) accessTo(model.from.url, this.#places.env)
    this.#downloads.start(id, parts)
  }

  async stopFetch(id: string): Promise<void> {
    this.#find(id)
    if (this.#downloads.state(id) === undefined) throw new Refusal(409, apiProblems.notFetching(id))
    await this.#downloads.stop(id)
  }

  async setDefault(kind: ModelKind, id: string): Promise<void> {
    const model = usable(this.#find(id))
    if (model.kind !== kind) throw new Refusal(400, apiProblems.modelOtherKind(id, kind, model.kind))
    await editModelsFile(this.#places.home, setDefault(kind, id))
  }

  async remove(id: string): Promise<void> {
    const model = this.#find(id)
    const { home, modelsDir } = this.#places
    if (model.origin === 'shipped') throw new Refusal(409, apiProblems.modelComesWith(id))
    if (model.origin !== 'catalog') throw new Refusal(409, apiProblems.modelOfOthers(id))
    if (this.#downloads.isFetching(id)) throw new Refusal(409, apiProblems.modelIsFetched(id))
    if (this.#jobs.running(id) !== undefined) throw new Refusal(409, apiProblems.modelIsAsked(id))
    if (readCore(home)?.models.some(one => one.id === id) === true)
      throw new Refusal(409, apiProblems.modelInMemory(id))
    const files = catalogFiles(id, this.#inventory.catalog, this.#places)
    if (files === undefined) throw new Refusal(409, apiProblems.modelMissing(id))
    const { defaults } = this.#inventory.look()
    if (model.pinned || defaults[model.kind] === id) await editModelsFile(home, forget(id))
    const stuck = await removeFiles(id, files, modelsDir)
    if (stuck !== undefined) throw new Refusal(507, apiProblems.modelFile(stuck.path, stuck.code))
  }

  /** What has come of a download is kept for the next one. */
  async close(): Promise<void> {
    this.#jobs.close()
    await this.#downloads.close()
  }

  /** Not before somebody asks: to read the catalog takes 20 ms. */
  get #inventory(): Inventory {
    return (this.#opened ??= new Inventory(this.#places))
  }

  #find(id: string): KnownModel {
    const model = this.#inventory.look().models.get(id)
    if (model === undefined) throw new Refusal(404, apiProblems.noSuchModel(id))
    return model
  }

  #missing(id: string): MissingPart[] {
    const { catalog } = this.#inventory
    const entry = catalog.get(id)
    return entry === undefined ? [] : missingParts(entry, catalog, this.#places)
  }

  #core(): CoreView {
    const core = readCore(this.#places.home)
    if (core === undefined) throw new Refusal(503, apiProblems.coreAbsent())
    return core
  }
}

/** It can be loaded. */
function usable(model: KnownModel): KnownModel {
  if (model.engine === '') throw new Refusal(409, apiProblems.modelPartOnly(model.id))
  if (!model.installed) throw new Refusal(409, apiProblems.modelMissing(model.id))
  return model
}
