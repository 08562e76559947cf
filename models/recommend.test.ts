import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { loadCatalog } from './catalog.ts'
import type { Gpu } from './machine.ts'
import { estimateMemory } from './memory.ts'
import { type Offer, recommend, type Room, shortlist } from './recommend.ts'

const catalog = loadCatalog()
/** What our own stack has beside the language model. */
const beside = ['moonshine-tiny', 'silero-vad', 'espeak-ng']
  .flatMap(id => catalog.get(id) ?? [])
  .reduce((sum, entry) => sum + estimateMemory(entry), 0)

interface Pc {
  readonly memory: number
  readonly cores: number
  readonly gpus?: readonly Gpu[]
  readonly disk?: number
  readonly installed?: readonly string[]
}

function roomOf({ memory, cores, gpus = [], disk, installed = [] }: Pc): Room {
  const budget = 0.75 * memory * 2 ** 30
  return { machine: { cores, gpus }, budget, beside, disk, installed: new Set(installed) }
}

const offersOn = (pc: Pc): Offer[] => recommend(catalog, roomOf(pc))
const bestOn = (pc: Pc): string | undefined =>
  offersOn(pc).find(({ verdict }) => verdict === 'best')?.entry.id

suite('the recommendation', () => {
  for (const [memory, cores, id] of [
    [1, 1, undefined],
    [2, 2, 'smollm2-135m'],
    [4, 4, 'llama-3.2-1b'],
    [8, 2, 'qwen3-0.6b'],
    [8, 4, 'qwen3-1.7b-q4'],
    [8, 8, 'qwen3-4b'],
    [16, 8, 'qwen3-4b'],
    [16, 16, 'qwen3-8b'],
    [32, 4, 'qwen3-1.7b-q4'],
    [32, 8, 'gpt-oss-20b'],
    [64, 16, 'gpt-oss-20b'],
  ] as const) {
    test(`with ${memory} GB of memory and ${cores} cores is ${id ?? 'none'}`, () => {
      assert.equal(bestOn({ memory, cores }), id)
    })
  }

  test('is never one that core could not load beside the models for speech', () => {
    for (let memory = 1; memory <= 64; memory += 0.25) {
      const room = roomOf({ memory, cores: 64 })
      const best = recommend(catalog, room).find(({ verdict }) => verdict === 'best')
      if (best !== undefined) assert.ok(best.memory <= room.budget - beside, String(memory))
    }
  })

  test('grows, and never shrinks, with more memory', () => {
    let last = 0
    for (let memory = 1; memory <= 64; memory += 0.25) {
      const best = offersOn({ memory, cores: 64 }).find(({ verdict }) => verdict === 'best')
      const bytes = best?.entry.from.bytes ?? 0
      assert.ok(bytes >= last, String(memory))
      last = bytes
    }
  })

  test('is a bigger one where a graphics card can hold it, and not where nobody knows whether it can', () => {
    const pc = { memory: 32, cores: 4 }
    assert.equal(bestOn({ ...pc, gpus: [{ vendor: 'nvidia', memory: 8 * 2 ** 30 }] }), 'qwen3-8b')
    assert.equal(bestOn({ ...pc, gpus: [{ vendor: 'nvidia', memory: 6 * 2 ** 30 }] }), 'qwen3-4b')
    assert.equal(bestOn({ ...pc, gpus: [{ vendor: 'intel', memory: undefined }] }), bestOn(pc))
  })

  test("does not count a card's memory as the machine's: core keeps its books by that", () => {
    const gpus = [{ vendor: 'nvidia', memory: 24 * 2 ** 30 }] as const
    assert.equal(bestOn({ memory: 8, cores: 4, gpus }), 'qwen3-4b')
    assert.equal(verdictOf('gpt-oss-20b', { memory: 8, cores: 4, gpus }), 'no_memory')
  })

  test('leaves out what the disk has no room for, with a margin, but not what is there already', () => {
    const pc = { memory: 16, cores: 8, disk: 2.5e9 }
    assert.equal(bestOn(pc), 'qwen3-1.7b')
    assert.equal(verdictOf('qwen3-4b', pc), 'no_disk')
    assert.equal(bestOn({ ...pc, installed: ['qwen3-4b'] }), 'qwen3-4b')
    assert.equal(bestOn({ ...pc, disk: 10e6 }), undefined)
  })

  test('says of the others why they are not', () => {
    const pc = { memory: 16, cores: 4 }
    assert.equal(verdictOf('gpt-oss-20b', pc), 'no_memory')
    assert.equal(verdictOf('qwen3-8b', pc), 'slow')
    assert.equal(verdictOf('smollm2-360m', pc), 'good')
  })

  test('is never a demo, nor one that this version can not run', () => {
    const ids = offersOn({ memory: 1024, cores: 128 }).map(({ entry }) => entry.id)
    assert.ok(!ids.includes('starter'))
    assert.ok(ids.every(id => catalog.get(id)?.engine !== ''))
  })
})

suite('the short list', () => {
  test('has the best first, then one that is smaller and two that are bigger', () => {
    assert.deepEqual(shortOn({ memory: 16, cores: 8 }), [
      ['qwen3-4b', 'best'],
      ['qwen3-1.7b', 'good'],
      ['qwen3-8b', 'slow'],
      ['gpt-oss-20b', 'no_memory'],
    ])
  })

  test('has the smallest where none fits, so that a person sees why', () => {
    assert.deepEqual(shortOn({ memory: 1, cores: 2 }), [['smollm2-135m-q4', 'no_memory']])
  })
})

function verdictOf(id: string, pc: Pc): string | undefined {
  return offersOn(pc).find(({ entry }) => entry.id === id)?.verdict
}

function shortOn(pc: Pc): [string, string][] {
  return shortlist(offersOn(pc)).map(({ entry, verdict }) => [entry.id, verdict])
}
