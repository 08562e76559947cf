// More than 300 lines: what a card can do to core, by one small core.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { identify } from '../../lib/process-identity.ts'
import type { InventoryView, KnownModel } from '../../models/inventory.ts'
import { cardBudget } from '../../runner/doctor/machine.ts'
import { Cards } from '../../services/core/cards.ts'
import { coreFacts } from '../../services/core/core-facts.ts'
import type { CoreFacts, ModelFacts } from '../../services/core/core-file.ts'
import { Core, type Used } from '../../services/core/core.ts'
import { type EngineEvent, EngineProcess } from '../../services/core/engine-process.ts'
import type { Hosted } from '../../services/core/hosted.ts'
import { CoreMetrics } from '../../services/core/metrics.ts'
import { coreHome } from '../support/core.ts'
import { CoreClients } from '../support/core-clients.ts'
import { courante } from '../support/courante.ts'
import { root } from '../support/our-stack.ts'
import { fakeProgram } from '../support/fake-program.ts'
import { tempDir } from '../support/temp.ts'

/** Thought to take 1 GB anywhere; what it has on the card, it says itself. */
const echo = (id: string, settings: Record<string, unknown> = {}, more: Partial<KnownModel> = {}) => ({
  id,
  kind: 'llm' as const,
  title: id,
  engine: 'echo',
  licence: '',
  origin: 'yours' as const,
  files: {},
  bytes: 0,
  installed: true,
  missing: [],
  settings: { gpuMegabytes: 800, ...settings },
  idleMs: undefined,
  pinned: false,
  memory: 1e9,
  vision: false,
  ...more,
})

interface Around {
  readonly gpuBudget?: number
  readonly patienceMs?: number
  /** Instead of one that says what `card` says. */
  readonly nvidiaSmi?: string
}

/** Core with real engine processes and a card that is a script, which says what the file `card` says. */
async function started(models: readonly KnownModel[], card: string, around: Around = {}) {
  const folder = await tempDir()
  const says = (text: string): Promise<void> => writeFile(join(folder.path, 'card'), text)
  await says(card)
  const bin = await fakeProgram(
    folder.path,
    'nvidia-smi',
    around.nvidiaSmi ?? `cat ${join(folder.path, 'card')}`,
  )
  const known = new Map(models.map(model => [model.id, model]))
  const view: InventoryView = {
    models: known,
    defaults: {},
    budget: undefined,
    gpuBudget: around.gpuBudget,
    idleMs: 0,
    faults: [],
  }
  const changes = new EventEmitter()
  const log: string[] = []
  const cards = new Cards({}, { program: join(bin, 'nvidia-smi'), root: folder.path }, false)
  if (around.nvidiaSmi === undefined) await cards.refresh()
  const { patienceMs } = around
  const core = new Core({
    inventory: { look: () => view },
    memory: 8e9,
    cards,
    cardUse: { echo: 'whole', python: 'whole' },
    threads: 1,
    env: process.env,
    log: line => void log.push(line),
    metrics: new CoreMetrics(),
    onChange: () => changes.emit('change'),
    ...(patienceMs === undefined ? {} : { patienceMs }),
  })
  const me = identify(process.pid)
  assert.ok(me !== undefined)
  const facts = (): CoreFacts => coreFacts(core, me)
  const modelFacts = (id: string): ModelFacts | undefined => facts().models.find(model => model.id === id)
  let jobs = 0
  const work = <T>(id: string, does: (hosted: Hosted, job: string) => Promise<T>): Promise<Used<T>> => {
    const model = known.get(id)
    assert.ok(model !== undefined)
    const key = `llm/${++jobs}`
    const job = { key, user: 'me', signal: new AbortController().signal }
    return core.use(job, model, hosted => does(hosted, key))
  }
  return {
    path: folder.path,
    core,
    known,
    log,
    says,
    facts,
    of: modelFacts,
    work,
    /** What the model's facts are while a job has it. */
    use: (id: string): Promise<Used<ModelFacts | undefined>> =>
      work(id, async () => Promise.resolve(modelFacts(id))),
    /** How its engine's answer to this ended, and on what it was worked at. */
    ask: (id: string, prompt: string) =>
      work(id, async ({ placed, process: engine }, job) => {
        const request = { kind: 'complete', prompt } as const
        const hooks = { say: () => undefined, listening: () => undefined }
        const end = await engine.run({ job, request, folder: '', out: '', socket: '' }, hooks)
        return `${end.type} on the ${placed['gpu'] === undefined ? 'processor' : 'card'}`
      }),
    until: async (is: () => boolean): Promise<void> => {
      while (!is()) await once(changes, 'change')
    },
    [Symbol.asyncDispose]: async () => {
      await core.stop()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** Moves this process's clock. */
function clock(context: TestContext): { ahead: number } {
  const real = performance.now.bind(performance)
  const moved = { ahead: 0 }
  context.mock.method(performance, 'now', () => real() + moved.ahead)
  return moved
}

const used = (facts: CoreFacts): number | undefined => facts.used['gpu']

suite('a graphics card in the budget of core', () => {
  test('a model goes there, with the bytes that it says; after its unload nothing is left', async () => {
    await using at = await started([echo('a')], '10000, 500')
    const budget = Math.floor(0.9 * 10_000 * 2 ** 20)
    assert.deepEqual([at.facts().budget['gpu'], used(at.facts())], [budget, 0])
    const turn = await at.use('a')
    assert.ok(turn.type === 'used' && turn.value !== undefined)
    assert.deepEqual(turn.value.gpu, { gpu: 8e8 })
    assert.equal(turn.value.offCard, null)
    // What it may take there is what was reserved for it.
    assert.equal(turn.value.facts['mayUse'], 1.3e9)
    await at.until(() => used(at.facts()) === 8e8)
    await at.core.unload('a')
    assert.deepEqual([used(at.facts()), at.facts().models], [0, []])
  })

  test('a second one that does not fit beside it takes its place, and the one on the processor stays', async () => {
    const beside = echo('c', {}, { memory: 4e9 })
    await using at = await started([echo('a'), echo('b'), beside], '2200, 0')
    await at.use('c')
    await at.use('a')
    const turn = await at.use('b')
    assert.ok(turn.type === 'used')
    assert.deepEqual(turn.value?.gpu, { gpu: 8e8 })
    assert.equal(at.of('a'), undefined)
    assert.equal(at.of('c')?.state, 'ready')
    assert.ok((used(at.facts()) ?? 0) <= (at.facts().budget['gpu'] ?? 0))
  })

  test('two that fit stay both, and one that the card could never hold is on the processor', async () => {
    const large = echo('large', {}, { memory: 4e9 })
    await using at = await started([echo('a'), echo('b'), large], '4000, 0')
    for (const id of ['a', 'b', 'large']) assert.equal((await at.use(id)).type, 'used')
    assert.deepEqual(at.of('large')?.gpu, {})
    await at.until(() => used(at.facts()) === 16e8)
    assert.ok(at.of('a') !== undefined && at.of('b') !== undefined)
  })

  test('what other programs use there is not given away: the model goes to the processor', async () => {
    await using at = await started([echo('a')], '10000, 9500')
    const turn = await at.use('a')
    assert.ok(turn.type === 'used')
    assert.deepEqual(turn.value?.gpu, {})
    assert.equal(used(at.facts()), 0)
  })

  test('a budget of the user’s is the card’s', async () => {
    await using at = await started([echo('a')], '10000, 0', { gpuBudget: 1e9 })
    assert.equal(at.core.look().gpuBudget, 1e9)
    assert.equal(at.facts().budget['gpu'], 1e9)
    const turn = await at.use('a')
    assert.deepEqual(turn.type === 'used' && turn.value?.gpu, {})
  })

  for (const [what, settings, why] of [
    ['fails', { failOnCard: 'the card is full' }, /the card is full/],
    ['ends its process', { crashOnCard: true }, /exit code 9/],
  ] as const)
    test(`a load that ${what} on the card is tried on the processor, and the reason is told`, async () => {
      await using at = await started([echo('a', settings)], '10000, 0')
      const turn = await at.use('a')
      assert.ok(turn.type === 'used', JSON.stringify(turn))
      assert.deepEqual(turn.value?.gpu, {})
      assert.match(turn.value.offCard?.why ?? '', why)
      assert.ok(Math.abs((turn.value.offCard?.since ?? 0) - Date.now()) < 60_000)
      assert.match(
        at.log.join('\n'),
        /llm {2}a goes to the processor and not to the graphics card: [^]*a loaded in/,
      )
      await at.until(() => used(at.facts()) === 0)
      // Until somebody unloads it.
      await at.core.unload('a')
      assert.equal(at.core.offCard.has('a'), false)
    })

  test('a model that fails everywhere is refused with the reason of its last try', async () => {
    await using at = await started([echo('a', { failOnCard: 'full', failLoad: 'no such thing' })], '10000, 0')
    const turn = await at.use('a')
    assert.ok(turn.type === 'refused')
    assert.match(turn.error.message, /no such thing/)
  })

  test('a pinned model that the card fails is pinned on the processor', async () => {
    const pinned = echo('a', { failOnCard: 'full' }, { pinned: true })
    await using at = await started([pinned], '10000, 0')
    at.core.look()
    await at.until(() => at.of('a')?.state === 'ready')
    assert.match(at.of('a')?.offCard?.why ?? '', /full/)
    assert.equal(used(at.facts()), 0)
  })

  test('a live session keeps its card; who has waited for it in vain runs on the processor, and other sessions begin', async () => {
    await using at = await started([echo('ears'), echo('llm')], '2200, 0', { patienceMs: 20 })
    const hung = Promise.withResolvers<void>()
    const session = at.work('ears', () => hung.promise)
    await at.until(() => at.of('ears')?.inFlight === 1)
    assert.deepEqual(await at.ask('llm', 'x'), { type: 'used', value: 'done on the processor' })
    assert.match(at.log.join('\n'), /llm is loaded on the processor: others have used the graphics card/)
    assert.equal((await at.use('ears')).type, 'used')
    hung.resolve()
    await session
  })

  test('what a pinned model has there is not given away when others take the rest: the next goes to the processor', async context => {
    const moved = clock(context)
    const pinned = echo('pin', { gpuMegabytes: 3000 }, { memory: 2e9, pinned: true })
    await using at = await started([pinned, echo('a')], '10000, 0')
    at.core.look()
    await at.until(() => used(at.facts()) === 3e9)
    moved.ahead = 3000
    await at.says('10000, 9806')
    const turn = await at.use('a')
    assert.ok(turn.type === 'used', JSON.stringify(turn))
    assert.deepEqual(turn.value?.gpu, {})
  })

  test('an engine that ends in its first work on the card works on the processor', async () => {
    await using at = await started([echo('a', { crashOn: 'large' })], '10000, 0')
    assert.deepEqual(await at.ask('a', 'large'), { type: 'used', value: 'crashed on the card' })
    assert.match(at.core.offCard.get('a')?.why ?? '', /exit code 7/)
    assert.deepEqual(await at.ask('a', 'small'), { type: 'used', value: 'done on the processor' })
    assert.match(at.of('a')?.offCard?.why ?? '', /exit code 7/)
  })

  test('one that has done something there is tried there once more', async () => {
    await using at = await started([echo('a', { crashOn: 'large' })], '10000, 0')
    for (const [prompt, end] of [
      ['small', 'done on the card'],
      ['large', 'crashed on the card'],
      ['large', 'crashed on the card'],
      ['large', 'crashed on the processor'],
      // It ends everywhere: that is not the card's fault.
      ['small', 'done on the card'],
    ] as const)
      assert.deepEqual(await at.ask('a', prompt), { type: 'used', value: end }, prompt)
  })

  test('a pause after a crash that ends while core still plans is not slept through', async context => {
    await using at = await started([echo('a', { crashOnCard: true })], '10000, 0', { patienceMs: 2 ** 40 })
    const real = performance.now.bind(performance)
    let calls = 0
    context.mock.method(performance, 'now', () => real() + 200 * calls++)
    assert.deepEqual(await at.ask('a', 'x'), { type: 'used', value: 'done on the processor' })
  })

  test('an engine that does not say what it has there has what was reserved for it, at once', async context => {
    const moved = clock(context)
    await using at = await started([echo('b')], '10000, 0')
    const program = join(at.path, 'silent.ts')
    const from = (path: string): string => JSON.stringify(join(root, path))
    await writeFile(
      program,
      `import { runMain } from ${from('lib/io.ts')}
       import { engineProgram } from ${from('services/core/engine-program.ts')}
       const load = async () => ({ parallel: 1, facts: {}, run: async () => ({ text: '' }) })
       await runMain(engineProgram({ load }))`,
    )
    at.known.set('silent', echo('silent', { program }, { engine: 'python', memory: 3e9 }))
    const turn = await at.use('silent')
    assert.ok(turn.type === 'used')
    assert.deepEqual(turn.value?.gpu, { gpu: 3.3e9 })
    // The card is asked before its first sign of life.
    moved.ahead = 3000
    await at.says('10000, 3500')
    await at.use('b')
    assert.equal(at.facts().budget['gpu'], Math.floor(0.9 * 10_000 * 2 ** 20))
  })

  test('a file that was damaged and is repaired goes to the card, as if nothing had been', async () => {
    await using at = await started([echo('a', { failLoad: 'damaged' })], '10000, 0')
    const turn = await at.use('a')
    assert.ok(turn.type === 'refused')
    assert.equal(turn.error.code, 'bad_model')
    at.known.set('a', echo('a'))
    assert.deepEqual(await at.ask('a', 'x'), { type: 'used', value: 'done on the card' })
  })

  test('one that the card has failed and the processor has no room for is refused with both reasons, and tried again', async () => {
    await using at = await started([echo('a', { failOnCard: 'driver gone' }, { memory: 8.5e9 })], '10000, 0')
    const turn = await at.use('a')
    assert.ok(turn.type === 'refused')
    assert.equal(turn.error.code, 'no_memory')
    assert.match(
      turn.error.message,
      /needs 8\.5 GB, .* 8\.0 GB\. The graphics card has failed it: .*driver gone/,
    )
    at.known.set('a', echo('a', {}, { memory: 8.5e9 }))
    assert.deepEqual(await at.ask('a', 'x'), { type: 'used', value: 'done on the card' })
  })

  test('while the driver has not answered, who needs no card is served; who may use one waits for its answer', async () => {
    await using folder = await tempDir()
    const pipe = join(folder.path, 'pipe')
    execFileSync('mkfifo', [pipe])
    const plain = echo('plain', {}, { engine: 'echo' })
    const pinned = echo('pinned', {}, { pinned: true })
    await using at = await started([plain, echo('a'), pinned], '', { nvidiaSmi: `cat ${pipe}` })
    at.core.offCard.mark('plain', 'as the test wanted')
    void at.core.askCard()
    assert.deepEqual(await at.ask('plain', 'x'), { type: 'used', value: 'done on the processor' })
    assert.deepEqual([at.facts().budget['gpu'], at.of('pinned')], [undefined, undefined])
    const waits = at.ask('a', 'x')
    await writeFile(pipe, '10000, 0')
    assert.deepEqual(await waits, { type: 'used', value: 'done on the card' })
    await at.until(() => at.of('pinned')?.gpu['gpu'] !== undefined)
  })
})

const isMac = process.platform === 'darwin'

test(
  'llama.cpp that may use a card and finds none says so, and does not take the processor unasked',
  { skip: isMac && 'a Mac has one always' },
  async () => {
    const { promise, resolve } = Promise.withResolvers<EngineEvent>()
    const engine = new EngineProcess({
      program: join(root, 'services/engines/llm/llama.ts'),
      model: {
        id: 'starter',
        engine: 'llama',
        files: { model: join(root, 'models/starter/starter.gguf') },
        settings: {},
      },
      threads: 1,
      gpu: true,
      gpuBytes: 1e9,
      // None, also where one is.
      env: { ...process.env, CUDA_VISIBLE_DEVICES: '', GGML_VK_VISIBLE_DEVICES: '' },
      onEvent: event => {
        if (['loaded', 'load_failed', 'exited'].includes(event.type)) resolve(event)
      },
    })
    const event = await promise
    await engine.stop()
    assert.ok(event.type === 'load_failed', JSON.stringify(event))
    assert.equal(event.failure.reason, 'no_gpu')
  },
)

suite('core’s process with a graphics card', { skip: isMac && 'its memory is the machine’s' }, () => {
  const withCard = async (env: Record<string, string> = {}) => {
    const at = await coreHome('/nowhere')
    const bin = await fakeProgram(at.path, 'nvidia-smi', 'echo "10000, 0"')
    const core = at.core({ PATH: `${bin}:${process.env['PATH'] ?? ''}`, ...env })
    await core.saw(/core ready/)
    return {
      at,
      core,
      [Symbol.asyncDispose]: async () => {
        await core[Symbol.asyncDispose]()
        await at[Symbol.asyncDispose]()
      },
    }
  }

  test('shows its budget in core.json, in ps and to doctor; a language model without the package for it does its work', async () => {
    await using one = await withCard()
    using clients = new CoreClients(one.at.home)
    const asked = { kind: 'complete', model: 'starter', prompt: 'x', maxTokens: 2 } as const
    assert.ok((await clients.ask('llm', asked))['text'] !== undefined)
    // The card is asked while core starts, and nobody waits for it.
    while ((await one.at.facts()).budget['gpu'] === undefined) await new Promise(r => setTimeout(r, 20))
    assert.equal((await one.at.facts()).budget['gpu'], Math.floor(0.9 * 10_000 * 2 ** 20))
    const ps = await courante(['models', 'ps', '--home', one.at.home], {})
    assert.match(ps.stdout, /^graphics card: [\d.]+ [kMG]B of 9\.4 GB reserved$/m)
    assert.match(cardBudget(one.at.home)[0]?.found ?? '', /models may take 9\.4 GB of the graphics card/)
  })

  test('with COURANTE_GPU=off has none', async () => {
    await using one = await withCard({ COURANTE_GPU: 'off' })
    assert.deepEqual(Object.keys((await one.at.facts()).budget), ['memory'])
  })
})
