import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Inventory } from '../models/inventory.ts'
import { modelThreads } from '../services/core/threads.ts'
import { coreHome } from '../test/support/core.ts'
import { CoreClients, kinds } from '../test/support/core-clients.ts'
import { slowPlan, writeGguf } from '../test/support/gguf-writer.ts'
import { fetchSpeech, modelsDir, speech } from '../test/support/speech.ts'
import { type Ask, type Asked, Direct, type Subject, throughCore } from './core/subject.ts'
import { median } from './portal/measure.ts'
import { between, machine, markdown } from './shared/document.ts'

/**
 * What core costs: requests through portal, core and engine process beside the same library called directly, turn by turn in
 * one run; what batching gives; and how long the first token takes when the model is not in memory.
 * docs/benchmarks.md says what it means. Usage: `node bench/core.ts [--rounds 3] [--sittings 5] [--write]`.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    sittings: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const sittings = Number(values.sittings)
const threads = modelThreads()
const contextSize = 1024
const sequences = 8
const many = 8
let asked = 0

await fetchSpeech(new AbortController().signal)
await using at = await coreHome()
const slow = join(at.path, 'slow.gguf')
writeGguf(slow, slowPlan)
const starter = resolve(import.meta.dirname, '../models/starter/starter.gguf')
await mkdir(at.home, { recursive: true })
await writeFile(
  join(at.home, 'models.yaml'),
  [
    'schema: 1',
    'models:',
    `  - { id: slow, kind: llm, path: ${slow}, context_size: ${contextSize}, sequences: ${sequences} }`,
    `  - { id: toy, kind: llm, path: ${starter}, context_size: ${contextSize}, sequences: ${sequences} }`,
    '',
  ].join('\n'),
)
await using core = at.core()
await core.saw(/core ready/)
using clients = new CoreClients(at.home)

interface Row {
  /** Tokens a second, of one request after the other and of all of them at once. */
  readonly one: { readonly direct: number[]; readonly ours: number[] }
  /** Milliseconds, of short requests. */
  readonly first: { readonly direct: number[]; readonly ours: number[] }
  readonly many: { readonly direct: number[]; readonly ours: number[] }
}

const subjects = [
  {
    model: 'slow',
    path: slow,
    ask: { kind: 'complete', prompt: 'Once upon a time', tokens: 64 } satisfies Omit<Ask, 'id'>,
  },
  {
    model: 'toy',
    path: starter,
    ask: { kind: 'chat', prompt: 'Tell me what Courante is, please.', tokens: 64 } satisfies Omit<Ask, 'id'>,
  },
] as const
const rows: Record<string, Row> = {}
for (const { model, path, ask } of subjects) {
  const row: Row = {
    one: { direct: [], ours: [] },
    first: { direct: [], ours: [] },
    many: { direct: [], ours: [] },
  }
  rows[model] = row
  // Loaded anew for each: where in memory a process got its pages makes some 10 % of its speed.
  for (let sitting = 0; sitting < sittings; sitting++) {
    using direct = await Direct.start<Omit<Ask, 'id'>, Asked>('direct-llama.ts', [
      path,
      String(threads),
      String(sequences),
      String(contextSize),
    ])
    const ours = throughCore(clients, model)
    // The first one loads; what it says is what the direct one says.
    const [a, b] = [await direct.ask(ask), await ours.ask(ask)]
    if (a.text !== b.text) console.log(`${model}: the texts differ: ${a.text} / ${b.text}`)
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < 3; i++) {
        row.first.direct.push((await direct.ask(fresh({ ...ask, tokens: 4 }))).firstMs)
        row.first.ours.push((await ours.ask(fresh({ ...ask, tokens: 4 }))).firstMs)
      }
      row.one.direct.push(await rateOf(direct, ask, 1))
      row.one.ours.push(await rateOf(ours, ask, 1))
      row.many.direct.push(await rateOf(direct, ask, many))
      row.many.ours.push(await rateOf(ours, ask, many))
    }
    await clients.ask('models', { kind: 'unload', model })
  }
}

const stt = await sttFactors()
const cold = await coldStarts()
core.child.kill('SIGTERM')
await core.ended()
await report()

/** Prompts that differ from their first word on, so that nothing of an earlier one can be used again. */
function fresh<A extends Omit<Ask, 'id'>>(ask: A): A {
  return { ...ask, prompt: `${++asked} ${ask.prompt}` }
}

/** Tokens a second of so many at once. */
async function rateOf(subject: Pick<Subject, 'ask'>, ask: Omit<Ask, 'id'>, count: number): Promise<number> {
  const asks = Array.from({ length: count }, () => fresh(ask))
  const began = performance.now()
  const answers = await Promise.all(asks.map(one => subject.ask(one)))
  const tokens = answers.reduce((sum, answer) => sum + answer.tokens, 0)
  return (tokens * 1000) / (performance.now() - began)
}

async function sttFactors(): Promise<{ direct: number; ours: number }> {
  const files = new Inventory({ home: at.home, modelsDir, env: {} })
    .look()
    .models.get('moonshine-tiny')?.files
  using direct = await Direct.start<object, { id: number; totalMs: number }>('direct-stt.ts', [
    JSON.stringify(files),
    String(threads),
    speech.path,
  ])
  const kind = kinds.find(({ service }) => service === 'stt')
  if (kind === undefined) throw new Error('no speech')
  const times = { direct: [] as number[], ours: [] as number[] }
  for (let round = -1; round < rounds * sittings; round++) {
    const { totalMs } = await direct.ask({})
    const began = performance.now()
    await clients.ask(kind.service, kind.request, kind.files)
    const ours = performance.now() - began
    if (round < 0) continue
    times.direct.push(totalMs)
    times.ours.push(ours)
  }
  const factor = (ms: number[]): number => median(ms) / 1000 / speech.seconds
  return { direct: factor(times.direct), ours: factor(times.ours) }
}

interface Cold {
  readonly spawn: number
  readonly load: number
  readonly prompt: number
  readonly first: number
}

/** The first token of a model that is not in memory, of each of the two. */
async function coldStarts(): Promise<Record<string, Cold>> {
  const result: Record<string, Cold> = {}
  for (const { model, ask } of subjects) {
    const starts: Cold[] = []
    for (let round = 0; round < sittings; round++) {
      const { firstMs } = await throughCore(clients, model).ask(ask)
      // It is there now: how it came is still told.
      const { loadMs, spawnMs } = (await clients.ask('models', { kind: 'load', model })) as {
        loadMs: number
        spawnMs: number
      }
      starts.push({ spawn: spawnMs, load: loadMs - spawnMs, prompt: firstMs - loadMs, first: firstMs })
      await clients.ask('models', { kind: 'unload', model })
    }
    const of = (what: keyof Cold): number => median(starts.map(start => start[what]))
    result[model] = { spawn: of('spawn'), load: of('load'), prompt: of('prompt'), first: of('first') }
  }
  return result
}

async function report(): Promise<void> {
  const table = markdown([
    ['', 'direct', 'through core', 'ratio'],
    ...Object.entries(rows).flatMap(([model, { one, first, many: all }]) => [
      compared(`${model}: tokens/s, 1 in flight`, median(one.direct), median(one.ours)),
      compared(`${model}: tokens/s, ${many} in flight`, median(all.direct), median(all.ours)),
      compared(`${model}: first token, ms`, median(first.direct), median(first.ours)),
    ]),
    compared('speech to text: real-time factor', stt.direct, stt.ours, 4),
  ])
  const colds = markdown([
    ['not in memory, ms', 'process', 'load', 'prompt', 'first token'],
    ...Object.entries(cold).map(([model, { spawn, load, prompt, first }]) => [
      model,
      ...[spawn, load, prompt, first].map(ms => ms.toFixed(0)),
    ]),
  ])
  const bar = markdown([['the bar', 'measured', ''], ...bars()])
  const facts = [
    ...machine(),
    `${threads} thread(s)`,
    `${sittings} loads of each, ${rounds} rounds in turn with each, medians`,
  ].join(' · ')
  console.log([facts, table, colds, bar].join('\n\n'))
  if (!values.write) return
  const path = resolve(import.meta.dirname, '../docs/benchmarks.md')
  let text = await readFile(path, 'utf8')
  text = between('bench/core.ts', text, 'table', [facts, table, colds].join('\n\n'))
  await writeFile(path, between('bench/core.ts', text, 'bar', bar))
}

function bars(): string[][] {
  const row = rows['slow']
  const toy = rows['toy']
  if (row === undefined || toy === undefined) throw new Error('nothing was measured')
  const one = median(row.one.ours) / median(row.one.direct)
  const eight = median(row.many.ours) / median(row.many.direct)
  const later = median(row.first.ours) - median(row.first.direct)
  const batched = median(row.many.ours) / median(row.one.ours)
  const token = 1000 / median(row.one.direct)
  return [
    ['a token takes ≥ 5 ms', `${token.toFixed(1)} ms`, mark(token >= 5)],
    ['tokens/s ≥ 97 % of direct, 1 in flight', percent(one), mark(one >= 0.97)],
    [`tokens/s ≥ 97 % of direct, ${many} in flight`, percent(eight), mark(eight >= 0.97)],
    ['first token ≤ 5 ms later', `${later.toFixed(1)} ms`, mark(later <= 5)],
    [
      'speech to text ≤ 1.05 × direct',
      `${(stt.ours / stt.direct).toFixed(3)} ×`,
      mark(stt.ours <= 1.05 * stt.direct),
    ],
    [`${many} batched ≥ 1.5 × ${many} in a row`, `${batched.toFixed(2)} ×`, mark(batched >= 1.5)],
    ['the toy, stated: tokens/s of direct', percent(median(toy.one.ours) / median(toy.one.direct)), ''],
  ]
}

function compared(what: string, direct: number, ours: number, digits = 1): string[] {
  return [what, direct.toFixed(digits), ours.toFixed(digits), (ours / direct).toFixed(2)]
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function mark(reached: boolean): string {
  return reached ? 'reached' : '**missed**'
}
