import { parseArgs } from 'node:util'
import { storm } from '../test/chaos/portal-storm.ts'

/**
 * A storm over one portal: four clients and a claimer, in TypeScript and in Python by turns, are killed and stopped while
 * requests run. Ends with 1 if one of them was lost, answered twice or wrongly, or a kill cost more than what was in flight.
 * Usage: `node bench/chaos.ts [--requests 100000] [--kills 2000] [--seed 1]`.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    kills: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
  },
})
const [requests, kills, seed] = [values.requests, values.kills, values.seed].map(Number) as [
  number,
  number,
  number,
]

const abort = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => abort.abort(new Error(`ended by ${signal}`)))
let told = Date.now()
const result = await storm({
  requests,
  kills,
  seed,
  signal: abort.signal,
  onProgress: (answered, killed) => {
    if (Date.now() - told < 10_000) return
    told = Date.now()
    console.error(`${answered} of ${requests} answered, ${killed} killed`)
  },
})
const { verdict, evidence, excess, faults } = result
const rows: readonly (readonly [string, number | string])[] = [
  ['seed', seed],
  ['requests', requests],
  ['kills of clients', result.kills.client],
  ['kills of claimers', result.kills.claimer],
  ['claimers stopped past their lease', result.stops],
  ['claimers in Python', result.pythons],
  ['executed again', excess.again],
  ['given up after three kills', verdict.gaveUp.length],
  ['lost', verdict.lost.length],
  ['duplicated', verdict.duplicated.length],
  ['corrupt', verdict.corrupt.length],
  ['kills that cost more than was in flight', excess.faults.length],
  ['other faults', faults.length],
  ['seconds', result.seconds.toFixed(1)],
  ['requests a second', (requests / result.seconds).toFixed(0)],
]
for (const [name, value] of rows) console.log(`${name.padEnd(42)}${String(value).padStart(10)}`)
const wrong = [
  ...(['lost', 'duplicated', 'corrupt'] as const).flatMap(kind => verdict[kind].map(id => `${kind}: ${id}`)),
  ...evidence,
  ...excess.faults.map(fault => `too much again: ${fault}`),
  ...faults,
]
for (const line of wrong.slice(0, 30)) console.log(line)
process.exitCode = wrong.length > 0 ? 1 : 0
