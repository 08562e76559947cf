import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { InventoryView, KnownModel } from '../../models/inventory.ts'
import { type Ground, needsOf, specOf } from './placement.ts'

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
})
