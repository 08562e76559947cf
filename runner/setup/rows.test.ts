import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { loadCatalog } from '../../models/catalog.ts'
import type { KnownModel } from '../../models/inventory.ts'
import { recommend, shortlist } from '../../models/recommend.ts'
import type { Seen } from './look.ts'
import { rowsOf } from './rows.ts'

const GB = 1e9

function model(id: string, more: Partial<KnownModel> = {}): KnownModel {
  return {
    id,
    kind: 'llm',
    title: id,
    engine: 'llama',
    licence: 'unknown',
    origin: 'ollama',
    files: {},
    bytes: GB,
    installed: true,
    missing: [],
    settings: {},
    idleMs: undefined,
    pinned: false,
    memory: 2 * GB,
    vision: false,
    ...more,
  }
}

function seen(more: Partial<Seen> = {}, budget = 12 * GB): Seen {
  const machine = { memory: 16 * GB, budget, cores: 8, gpus: [] }
  const room = { machine, budget, beside: GB, disk: undefined, installed: new Set<string>() }
  return {
    machine,
    usesGpu: false,
    budget,
    beside: GB,
    free: undefined,
    offers: shortlist(recommend(loadCatalog(), room)),
    here: [],
    servers: [],
    starter: model('starter', { origin: 'shipped', licence: 'MIT' }),
    ...more,
  }
}

const names = (given: Seen): string[] => rowsOf(given).map(({ cells: [name] }) => name)

suite('the list to choose from', () => {
  test('begins with the recommended one and ends with the demo', () => {
    assert.deepEqual(names(seen()), [
      'qwen3-4b, recommended',
      'qwen3-1.7b',
      'qwen3-8b',
      'gpt-oss-20b',
      'another server, or a file',
      'none for now: the starter',
    ])
  })

  test('begins with the demo where nothing else fits, and says so of the smallest', () => {
    const [first, second] = rowsOf(seen({}, 1.2 * GB))
    assert.deepEqual(first?.answer, { type: 'model', id: 'starter' })
    assert.equal(second?.cells[4], 'too big')
  })

  test('has five of those that are here, and tells of the rest', () => {
    const rows = rowsOf(seen({ here: Array.from({ length: 8 }, (_, i) => model(`ollama/m:${i}`)) }))
    assert.equal(rows.filter(({ cells: [name] }) => name.startsWith('ollama/')).length, 5)
    assert.match(rows.find(({ answer }) => answer.type === 'other')?.about ?? '', /3 more models are here/)
  })

  test('marks what does not fit', () => {
    const rows = rowsOf(seen({ here: [model('small'), model('big', { memory: 11.5 * GB })] }))
    const marks = rows.map(({ cells }) => [cells[0], cells[4]])
    assert.deepEqual(
      marks.filter(([name]) => name === 'small' || name === 'big'),
      [
        ['small', ''],
        ['big', 'too big'],
      ],
    )
  })

  test('names a program that serves models by its one model, or says how many it has', () => {
    const server = { program: 'Ollama', url: 'http://127.0.0.1:11434/v1' } as const
    const servers = [
      { ...server, models: ['a'] },
      { ...server, models: ['a', 'b'] },
    ]
    assert.deepEqual(names(seen({ servers })).slice(4, 6), ['Ollama: a', 'Ollama, 2 models'])
  })

  test('lets no control characters of others through', () => {
    const bad = 'x\u001B[2J'
    const servers = [{ program: 'Ollama' as const, url: 'http://127.0.0.1/v1', models: [bad] }]
    const here = [model('y', { title: bad, licence: bad })]
    const text = JSON.stringify(rowsOf(seen({ servers, here })).map(({ cells, about }) => [cells, about]))
    assert.doesNotMatch(text, /u001b/)
  })
})
