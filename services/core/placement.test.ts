import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { InventoryView, KnownModel } from '../../models/inventory.ts'
import type { Needs } from './needs.ts'
import { type Ground, needsOf, specOf } from './placement.ts'
import { Scheduler, type SchedulerEvent } from './scheduler.ts'

const ground = (gpu: number | undefined, more: Partial<Ground> = {}): Ground => ({
  budget: { memory: 16e9, ...(gpu === undefined ? {} : { gpu }) },
  shared: false,
  offCard: new Set(),
  llamaHasCard: () => true,
  ...more,
})

const model = (id: string, memory: number, more: Partial<KnownModel> = {}): KnownModel => ({
  id,
  kind: 'llm',
  title: id,
  engine: 'llama',
  licence: '',
  origin: 'yours',
  files: {},
  bytes: memory,
  installed: true,
  missing: [],
  settings: {},
  idleMs: undefined,
  pinned: false,
  memory,
  vision: false,
  ...more,
})

const view = (...models: KnownModel[]): InventoryView => ({
  models: new Map(models.map(one => [one.id, one])),
  defaults: {},
  budget: undefined,
  gpuBudget: undefined,
  idleMs: 0,
  faults: [],
})

const devices = (one: KnownModel, at: Ground): string[] =>
  Object.keys(specOf(one, view(one), at).needs).toSorted()

suite('where a model goes', () => {
  test('on the card where it fits, with a small part of it in the machine’s memory', () => {
    const needs = needsOf(model('a', 5e9), 8e9, ground(8e9))
    assert.ok((needs['gpu'] ?? 0) > 5e9 && (needs['gpu'] ?? 0) < 6e9)
    assert.ok((needs['memory'] ?? 0) < 1e9)
  })

  test('in part, where its engine can leave layers to the processor, and the card takes enough of them', () => {
    const large = model('a', 10e9)
    const needs = needsOf(large, 6e9, ground(6e9))
    assert.equal(needs['gpu'], 6e9)
    assert.ok((needs['memory'] ?? 0) > 4e9 && (needs['memory'] ?? 0) < 7e9)
    assert.deepEqual(needsOf({ ...large, engine: 'diffusion' }, 6e9, ground(6e9)), { memory: 10e9 })
    assert.deepEqual(needsOf(large, 1e9, ground(1e9)), { memory: 10e9 }, 'too little of it')
  })

  test('on the processor without a card, without the package for one, and after the card has failed it', () => {
    const one = model('a', 1e9)
    assert.deepEqual(devices(one, ground(8e9)), ['gpu', 'memory'])
    assert.deepEqual(devices(one, ground(undefined)), ['memory'])
    assert.deepEqual(devices(one, ground(8e9, { llamaHasCard: () => false })), ['memory'])
    assert.deepEqual(devices(one, ground(8e9, { offCard: new Set(['a']) })), ['memory'])
    assert.deepEqual(devices(one, ground(8e9, { shared: true })), ['memory'], 'the card has the same memory')
  })

  test('an engine that knows no card, and an endpoint, leave it alone', () => {
    for (const engine of ['moonshine', 'sherpa', 'remote', 'espeak', 'python', ''])
      assert.deepEqual(devices(model('a', 1e9, { engine }), ground(8e9)), ['memory'])
    for (const engine of ['llama-server', 'whisper', 'diffusion'])
      assert.deepEqual(devices(model('a', 1e9, { engine }), ground(8e9)), ['gpu', 'memory'])
  })

  test('beside what is pinned there, so that nobody is refused whom the processor could serve', () => {
    const pinned = model('p', 5e9, { pinned: true })
    const other = model('d', 4e9, { engine: 'diffusion' })
    const both = view(pinned, other)
    assert.deepEqual(Object.keys(specOf(pinned, both, ground(8e9)).needs), ['memory', 'gpu'])
    assert.deepEqual(specOf(other, both, ground(8e9)).needs, { memory: 4e9 })
    assert.deepEqual(Object.keys(specOf(other, view(other), ground(8e9)).needs), ['memory', 'gpu'])
    const second = model('q', 5e9, { pinned: true, engine: 'whisper' })
    assert.deepEqual(specOf(second, view(pinned, second), ground(8e9)).needs, { memory: 5e9 })
  })

  test('beside what a pinned one has there, be it more than was thought, or nothing', () => {
    const pinned = model('p', 3e9, { pinned: true })
    const both = view(pinned, model('a', 1e9))
    const at = (needs: Needs, gpu = 6e9): Ground => ground(gpu, { held: new Map([['p', needs]]) })
    const devicesOf = (where: Ground): string[] => Object.keys(specOf(model('a', 1e9), both, where).needs)
    assert.deepEqual(devicesOf(at({ memory: 1e9, gpu: 3e9 })), ['memory', 'gpu'])
    assert.deepEqual(devicesOf(at({ memory: 1e9, gpu: 5.9e9 })), ['memory'])
    // Others have taken what it had.
    assert.deepEqual(devicesOf(at({ memory: 1e9, gpu: 3e9 }, 2e9)), ['memory'])
    assert.deepEqual(devicesOf(at({ memory: 3e9 }, 2e9)), ['memory', 'gpu'])
    // The second of two pinned ones is there already.
    const second = view(model('a', 1e9, { pinned: true }), pinned)
    const first = model('a', 1e9, { pinned: true })
    assert.deepEqual(specOf(first, second, at({ memory: 1e9, gpu: 5.9e9 })).needs, { memory: 1e9 })
  })

  test('with what it takes where it can do without the card', () => {
    const one = model('a', 5e9)
    assert.deepEqual(specOf(one, view(one), ground(8e9)).elsewhere, { memory: 5e9 })
    assert.equal(specOf(one, view(one), ground(undefined)).elsewhere, undefined)
  })

  test('in part, it leaves room for a small one of another kind that is there, and for no large one', () => {
    const large = model('a', 10e9)
    const gpuBeside = (other: KnownModel, gpu: number): number | undefined => {
      const held = new Map([[other.id, { memory: 1e8, gpu }]])
      return specOf(large, view(large, other), ground(7.4e9, { held })).needs['gpu']
    }
    const ears = model('ears', 1e9, { kind: 'stt', engine: 'whisper' })
    assert.equal(gpuBeside(ears, 1e9), 7.4e9 - 1.3e9)
    assert.equal(gpuBeside(ears, 2e9), 7.4e9 - 2e9, 'what it has taken, where that is more')
    assert.equal(gpuBeside({ ...ears, memory: 4e9 }, 4e9), 7.4e9)
    assert.equal(gpuBeside(model('b', 1e9), 1e9), 7.4e9, 'another language model is there instead of it')
  })

  test('ears and a language model that is there in part are loaded once, and not at each turn', () => {
    const ears = model('ears', 0.9e9, { kind: 'stt', engine: 'whisper' })
    const large = model('large', 10e9)
    const both = view(ears, large)
    const budget = { memory: 24e9, gpu: 7.4e9 }
    const scheduler = new Scheduler({ budget })
    let loads = 0
    let now = 0
    const tell = (event: SchedulerEvent): void => {
      for (const action of scheduler.handle(event, now)) {
        if (action.type === 'load') loads++
        if (action.type === 'load') tell({ type: 'loaded', model: action.model, parallel: 1, ms: 0 })
        if (action.type === 'unload') tell({ type: 'exited', model: action.model })
      }
    }
    const turn = (one: KnownModel): void => {
      now += 1000
      const held = new Map(
        [...scheduler.models]
          .filter(([, { takesMemory }]) => takesMemory)
          .map(([id, { needs }]) => [id, needs]),
      )
      const spec = specOf(one, both, ground(7.4e9, { budget, held }))
      tell({ type: 'submitted', job: `${now}`, user: 'me', model: spec })
      tell({ type: 'ended', job: `${now}` })
    }
    for (const one of [large, ears, large]) turn(one)
    assert.equal(loads, 3, 'the large one leaves room at its second load')
    for (const one of [ears, large, ears, large]) turn(one)
    assert.equal(loads, 3)
  })
})
