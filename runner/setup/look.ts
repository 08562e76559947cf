import { join } from 'node:path'
import type { Io } from '../../lib/io.ts'
import type { KnownModel } from '../../models/inventory.ts'
import { freeSpace, lookAtMachine, type Machine, measureGpus } from '../../models/machine.ts'
import { estimateMemory } from '../../models/memory.ts'
import { type Offer, recommend, shortlist } from '../../models/recommend.ts'
import { type RunningServer, runningServers, usualServers } from '../../models/servers.ts'
import { lookAtGpuRuntime } from '../install/gpu-runtime.ts'
import type { Models } from '../models/open.ts'
import type { RunContext } from '../run-context.ts'

/** What there is to choose from, and the machine that it has to fit: the whole input of the question. */
export interface Seen {
  readonly machine: Machine
  /** Whether models run on its graphics cards. */
  readonly usesGpu: boolean
  /** Bytes for all models together, and how many of them the stack's other models take. */
  readonly budget: number
  readonly beside: number
  /** Bytes free where models lie; undefined: nobody says. */
  readonly free: number | undefined
  readonly offers: readonly Offer[]
  /** Language models whose files are here, or that were added; the likeliest first. */
  readonly here: readonly KnownModel[]
  readonly servers: readonly RunningServer[]
  readonly starter: KnownModel | undefined
}

/** Reads, and asks programs of this machine: 5 s at most. */
export async function look(context: RunContext, models: Models, io: Io): Promise<Seen> {
  const machine = lookAtMachine()
  const [gpus, servers, onGpu] = await Promise.all([
    measureGpus(machine.gpus, io.signal),
    runningServers(usualServers(io.env), io.signal),
    usesGpu(context, io),
  ])
  const { catalog } = models.inventory
  const others = context.loaded.stack.models.flatMap(entry =>
    typeof entry === 'string' ? (catalog.get(entry) ?? []) : [],
  )
  const budget = models.budget ?? machine.budget
  const beside = others.reduce((sum, entry) => sum + estimateMemory(entry), 0)
  const open = others.filter(({ id }) => models.models.get(id)?.installed !== true)
  const free = freeSpace(models.modelsDir)
  const all = [...models.models.values()].filter(({ kind, engine }) => kind === 'llm' && engine !== '')
  const offers = shortlist(
    recommend(catalog, {
      machine: { ...machine, gpus: onGpu ? gpus : [] },
      budget,
      beside,
      disk: free === undefined ? undefined : free - open.reduce((sum, { from }) => sum + from.bytes, 0),
      installed: new Set(all.filter(({ installed }) => installed).map(({ id }) => id)),
    }),
  )
  const offered = new Set(offers.map(({ entry }) => entry.id))
  return {
    machine: { ...machine, gpus },
    usesGpu: onGpu,
    budget,
    beside,
    free,
    offers,
    here: all
      .filter(({ id, origin, installed }) => installed && origin !== 'shipped' && !offered.has(id))
      .sort(likelier(budget - beside)),
    servers,
    starter: models.models.get('starter'),
  }
}

const root = join(import.meta.dirname, '../..')

/** Whether models run on a graphics card here: what they need for it is installed, or is offered after this question. */
async function usesGpu({ places, loaded }: RunContext, io: Io): Promise<boolean> {
  const { type } = await lookAtGpuRuntime(root, io.env)
  return (
    type === 'ready' || (type === 'wanted' && places.dir === root && !loaded.stack.without.includes('gpu'))
  )
}

/** Those that were added on purpose before those that were found; of these, what fits before what does not, the biggest first. */
function likelier(room: number) {
  const rank = ({ origin, memory = 0 }: KnownModel): number =>
    origin === 'yours' ? 2 : memory <= room ? 1 : 0
  return (a: KnownModel, b: KnownModel): number => rank(b) - rank(a) || b.bytes - a.bytes
}
