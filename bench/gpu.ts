import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { cardMemory } from '../models/card-memory.ts'
import { Cards, llamaHasCard } from '../services/core/cards.ts'
import type { ModelFacts } from '../services/core/core-file.ts'
import { coreHome } from '../test/support/core.ts'
import { CoreClients } from '../test/support/core-clients.ts'
import { slowPlan, writeGguf } from '../test/support/gguf-writer.ts'
import { median } from './portal/measure.ts'
import { machine, markdown } from './shared/document.ts'

/**
 * What a graphics card gives, and whether its budget holds: tokens a second of one model on the card, in part on it, and on the
 * processor, each through a core of its own; two models that take turns in a budget for one; what the card's own driver says
 * before, meanwhile and after the unload. Without a card it says so and ends well.
 *
 * Usage: `node bench/gpu.ts [--model FILE.gguf] [--tokens 128] [--rounds 5]`. Without a model it makes one of 2 GB, untrained:
 * as fast or slow as a real one of its size. Needs the package that `courante up` offers where a card is.
 */
const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    tokens: { type: 'string', default: '128' },
    rounds: { type: 'string', default: '5' },
  },
})
const [tokens, rounds] = [Number(values.tokens), Number(values.rounds)]
const never = new AbortController().signal
/** Untrained, with the shape of a model of 2,000,000,000 parameters. */
const largePlan = { ...slowPlan, layers: 28, width: 2560, feedForward: 6912, heads: 20, headsKv: 4 }

const budget = (await Cards.find(process.env)).budget(undefined)['gpu']
if (budget === undefined) console.log('not run: no graphics card here')
else if (!llamaHasCard())
  console.log('not run: llama.cpp has no package for the card here; `courante up` offers it')
else await bench()

async function bench(): Promise<void> {
  await using at = await coreHome('/nowhere')
  await mkdir(at.home, { recursive: true })
  const path = values.model === undefined ? join(at.path, 'large.gguf') : resolve(values.model)
  if (values.model === undefined) writeGguf(path, largePlan)
  const before = await onCard()
  console.log(
    `${machine().join(', ')}; the card has ${inGB(budget ?? 0)} for models, ${inGB(before)} in use before\n`,
  )

  const whole = await inCore(at, { path }, {}, speedOf)
  const cpu = await inCore(at, { path }, { COURANTE_GPU: 'off' }, speedOf)
  // What core thinks that it needs there, with which it decides.
  const need = whole.facts.estimated + 300e6
  const share = await inCore(at, { path, gpuMemory: Math.round(need * 0.6) }, {}, speedOf)
  console.log(
    markdown([
      [
        '',
        'tokens/s',
        'first token, ms',
        'load, ms',
        'layers there',
        'on the card',
        'as its driver says',
        'of the machine’s memory',
      ],
      row('on the card', whole),
      row('with six tenths of the room that it needs there', share),
      row('on the processor', cpu),
    ]),
  )
  console.log(`\nOn the card ${(whole.rate / cpu.rate).toFixed(1)} times as fast as on the processor.`)

  const room = Math.round(need * 1.5)
  const turns = await inCore(at, { path, gpuMemory: room }, {}, takeTurns)
  console.log(
    `Two of them in turn, ${inGB(room)} for both: ${turns.answered} requests answered, ${turns.evicted} loads of one that had given way, at most ${inGB(turns.reserved)} reserved and ${inGB(turns.most - before)} in use there.`,
  )
  console.log(
    `In use on the card after the last unload: ${inGB((await onCard()) - before)} more than before.`,
  )
}

interface Setting {
  readonly path: string
  readonly gpuMemory?: number
}

/** A core of its own, so that nothing of another one is on the card. */
async function inCore<T>(
  at: Awaited<ReturnType<typeof coreHome>>,
  { path, gpuMemory }: Setting,
  env: Record<string, string>,
  work: (at: Awaited<ReturnType<typeof coreHome>>, clients: CoreClients) => Promise<T>,
): Promise<T> {
  const entry = (id: string): string => `  - { id: ${id}, kind: llm, path: ${path}, context_size: 2048 }`
  const lines = ['schema: 1', 'models:', entry('a'), entry('b')]
  if (gpuMemory !== undefined) lines.push(`gpu_memory: ${gpuMemory}`)
  await writeFile(join(at.home, 'models.yaml'), `${lines.join('\n')}\n`)
  await using core = at.core(env)
  await core.saw(/core ready/)
  using clients = new CoreClients(at.home)
  const result = await work(at, clients)
  core.child.kill('SIGTERM')
  await core.ended()
  return result
}

interface Speed {
  readonly rate: number
  readonly firstMs: number
  readonly facts: ModelFacts
  /** As the driver says. */
  readonly there: number
}

async function speedOf(at: Awaited<ReturnType<typeof coreHome>>, clients: CoreClients): Promise<Speed> {
  const before = await onCard()
  const rates: number[] = []
  const firsts: number[] = []
  for (let round = -1; round < rounds; round++) {
    const { timings } = (await ask(clients, 'a', round, tokens)) as unknown as {
      timings: { firstToken: number; tokensPerSecond?: number }
    }
    // The first one loads it.
    if (round < 0) continue
    rates.push(timings.tokensPerSecond ?? 0)
    firsts.push(timings.firstToken)
  }
  const facts = await at.engine('a')
  const there = (await onCard()) - before
  await clients.ask('models', { kind: 'unload', model: 'a' })
  return { rate: median(rates), firstMs: median(firsts), facts, there }
}

async function takeTurns(at: Awaited<ReturnType<typeof coreHome>>, clients: CoreClients) {
  let [answered, reserved, most, evicted] = [0, 0, 0, 0]
  const pids = new Map<string, number>()
  for (let turn = 0; turn < 6; turn++) {
    const model = turn % 2 === 0 ? 'a' : 'b'
    await ask(clients, model, turn, 8)
    answered++
    const { pid } = await at.engine(model)
    if (pids.has(model) && pids.get(model) !== pid) evicted++
    pids.set(model, pid)
    reserved = Math.max(reserved, (await at.facts()).used['gpu'] ?? 0)
    most = Math.max(most, await onCard())
  }
  for (const model of ['a', 'b']) await clients.ask('models', { kind: 'unload', model })
  return { answered, reserved, most, evicted }
}

/** The number comes first: nothing of an earlier prompt can be used again. */
async function ask(clients: CoreClients, model: string, number: number, maxTokens: number) {
  const prompt = `${number} Once upon a time there was`
  return await clients.ask('llm', { kind: 'complete', model, prompt, maxTokens, temperature: 0 })
}

async function onCard(): Promise<number> {
  return (await cardMemory(never))?.used ?? 0
}

function row(name: string, { rate, firstMs, facts, there }: Speed): string[] {
  return [
    name,
    rate.toFixed(1),
    firstMs.toFixed(0),
    String(facts.loadedMs ?? '-'),
    String(facts.facts['layersOnCard'] ?? '-'),
    inGB(facts.gpu['gpu'] ?? 0),
    inGB(there),
    inGB(facts.measured),
  ]
}

function inGB(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`
}
