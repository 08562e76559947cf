import { coreHome } from '../support/core.ts'
import { CoreClients, kinds } from '../support/core-clients.ts'
import { processesWith, residentBytes } from '../support/processes.ts'

export interface Cycles {
  readonly cycles: number
  /** Engines that were there after core had said that nothing is loaded. */
  readonly orphans: number
  /** Of core's resident memory, over all but the first fifth of the cycles. */
  readonly bytesPerCycle: number
  readonly rss: { readonly first: number; readonly last: number }
}

/** Loads a model, has it answer, unloads it, and so on over three kinds. `node test/chaos/core-cycles.ts 1000` is the long run. */
export async function coreCycles(cycles: number): Promise<Cycles> {
  await using at = await coreHome()
  await using core = at.core()
  await core.saw(/core ready/)
  using clients = new CoreClients(at.home)
  const rss: number[] = []
  let orphans = 0
  // What core loads by itself at its start.
  await at.engine('moonshine-tiny')
  await clients.ask('models', { kind: 'unload', model: 'moonshine-tiny' })
  for (let i = 0; i < cycles; i++) {
    const kind = kinds[i % kinds.length]
    if (kind === undefined) throw new Error('no kind')
    await clients.ask('models', { kind: 'load', model: kind.model })
    const body = await clients.ask(kind.service, kind.request, kind.files)
    if (!kind.isRight(body)) throw new Error(`a wrong answer of ${kind.model}: ${JSON.stringify(body)}`)
    await clients.ask('models', { kind: 'unload', model: kind.model })
    orphans += processesWith(`COURANTE_CORE=${core.child.pid}-`).length
    rss.push(residentBytes(core.child.pid ?? 0))
  }
  const [first = 0] = rss
  return {
    cycles,
    orphans,
    bytesPerCycle: slope(rss.slice(Math.floor(cycles / 5))),
    rss: { first, last: rss.at(-1) ?? 0 },
  }
}

/** Of the line that fits best. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const over = values.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0)
  const under = values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0)
  return over / under
}

if (import.meta.main) {
  const result = await coreCycles(Number(process.argv[2] ?? 1000))
  console.log(JSON.stringify(result))
  process.exitCode = result.orphans === 0 ? 0 : 1
}
