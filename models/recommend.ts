import type { Catalog, CatalogEntry } from './catalog.ts'
import { marginFor } from './download/space.ts'
import type { Machine } from './machine.ts'
import { estimateMemory } from './memory.ts'

/** A language model of the catalog, and what it would be on this machine. */
export interface Offer {
  readonly entry: CatalogEntry
  /** Bytes still to download. */
  readonly download: number
  /** Bytes when it is loaded. */
  readonly memory: number
  readonly verdict: Verdict
}

/**
 * `best` is the one to recommend; `good` would do as well. `slow`: it fits, and this machine's processor would take long for
 * each word. `no_memory`: core could not load it beside the rest. `no_disk`: its file has no room.
 */
export type Verdict = 'best' | 'good' | 'slow' | 'no_memory' | 'no_disk'

/** What a language model has to live with. */
export interface Room {
  readonly machine: Pick<Machine, 'cores' | 'gpus'>
  /** Bytes for all models together. */
  readonly budget: number
  /** Bytes that the models which work beside it take, such as those for speech. */
  readonly beside: number
  /** Bytes that may be downloaded; undefined: nobody knows. */
  readonly disk: number | undefined
  /** Ids of those whose files are here. */
  readonly installed: ReadonlySet<string>
}

/**
 * The catalog's language models that this version runs, the biggest first; at most one of them is the best. Of those that
 * are quick enough and fit, it is the biggest: more bytes of weights are the better model, in every family that the catalog
 * has. Models that came with Courante are left out: they are demos.
 */
export function recommend(catalog: Catalog, room: Room): Offer[] {
  const offers = [...catalog.values()]
    .filter(({ kind, engine, from }) => kind === 'llm' && engine !== '' && !('shipped' in from))
    .sort((a, b) => b.from.bytes - a.from.bytes)
    .map(entry => offerOf(entry, room))
  const best = offers.find(({ verdict }) => verdict === 'good')
  return offers.map(offer => (offer === best ? { ...offer, verdict: 'best' } : offer))
}

/** The best and its neighbours: one that is smaller, up to two that are bigger. Without a best one, the smallest of all. */
export function shortlist(offers: readonly Offer[]): Offer[] {
  const at = offers.findIndex(({ verdict }) => verdict === 'best')
  if (at < 0) return offers.slice(-1)
  const smaller = offers.slice(at + 1).find(({ verdict }) => verdict === 'good')
  const bigger = offers.slice(Math.max(0, at - 2), at).toReversed()
  return [offers[at], smaller, ...bigger].filter(offer => offer !== undefined)
}

function offerOf(entry: CatalogEntry, room: Room): Offer {
  const download = room.installed.has(entry.id) ? 0 : entry.from.bytes
  const memory = estimateMemory(entry)
  return { entry, download, memory, verdict: verdictOn(entry, { download, memory }, room) }
}

function verdictOn(
  entry: CatalogEntry,
  { download, memory }: Pick<Offer, 'download' | 'memory'>,
  { machine, budget, beside, disk }: Room,
): Verdict {
  if (memory > budget - beside) return 'no_memory'
  if (disk !== undefined && download > 0 && download + marginFor(download) > disk) return 'no_disk'
  return isQuick(entry.from.bytes * (entry.shape?.active ?? 1), memory, machine) ? 'good' : 'slow'
}

/**
 * Each token reads all weights once, so that the processor's way to the memory decides. Two cores of a server were seen to
 * read 17 GB a second (docs/benchmarks.md, the slow model); with this much a core, some 20 tokens a second are left where
 * the memory keeps up, and half of that where it does not. A rule to choose by, no figure to promise.
 */
const bytesPerCore = 350e6

function isQuick(read: number, memory: number, { cores, gpus }: Room['machine']): boolean {
  return fitsGraphics(gpus, memory) || read <= cores * bytesPerCore
}

/** Whether one of them could hold the whole model; of one whose memory nobody knows, nothing is promised. */
export function fitsGraphics(gpus: Machine['gpus'], memory: number): boolean {
  return gpus.some(gpu => (gpu.memory ?? 0) >= memory)
}
