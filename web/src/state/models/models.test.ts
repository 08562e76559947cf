import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Model } from '../../../../services/backend/protocol.ts'
import { sampled } from './downloads.ts'
import { byKind, deviceInWords, memoryBars, toChoose } from './groups.ts'
import { addSample, rateOf, type Sample } from './rate.ts'
import { progressInWords, stateInWords, activityInWords } from './words.ts'

const model = (id: string, state: Model['state'], more: Partial<Model> = {}): Model => ({
  id,
  kind: 'llm',
  title: id,
  licence: 'MIT',
  engine: 'llama',
  origin: 'catalog',
  bytes: 0,
  memory: null,
  isDefault: false,
  pinned: false,
  vision: false,
  download: null,
  state,
  ...more,
})
const ready = {
  type: 'ready',
  measured: 2,
  gpu: {},
  inFlight: 0,
  waiting: 0,
  parallel: 1,
  idleMs: 1,
} as const
const download = { bytes: 640e6, parts: [] }

test('a model says what it does, or what getting it costs', () => {
  const words = (state: Model['state'], more?: Partial<Model>, core: 'running' | 'absent' = 'running') =>
    stateInWords(model('m', state, more), core).words
  assert.equal(words({ type: 'absent' }, { download }), 'not installed: 640 MB')
  assert.equal(words({ type: 'absent' }), 'not here')
  assert.equal(words({ type: 'fetching', bytes: 43, total: 100 }), 'getting it, 43 %')
  assert.equal(words({ type: 'installed' }), 'installed')
  assert.equal(words({ type: 'installed' }, {}, 'absent'), 'no core')
  assert.equal(words({ type: 'installed' }, { engine: '' }), 'a part of other models')
  assert.equal(words({ type: 'loading', progress: 0.43 }), 'loading 43 %')
  assert.equal(words(ready), 'in memory')
  assert.equal(
    activityInWords(model('m', { ...ready, inFlight: 1, waiting: 2, idleMs: null })),
    '1 of 1 at work, 2 waiting',
  )
})

test('to choose from come those in memory first; what can neither run nor be got is left out', () => {
  const models = [
    model('to-get', { type: 'absent' }, { download }),
    model('gone', { type: 'absent' }),
    model('no-engine', { type: 'installed' }, { engine: '' }),
    model('here', { type: 'installed' }),
    model('hot', ready),
    model('ears', ready, { kind: 'stt' }),
  ]
  const ids = (search: string) => toChoose(models, search).map(group => group.models.map(({ id }) => id))
  assert.deepEqual(ids(''), [['hot'], ['here'], ['to-get']])
  assert.deepEqual(ids(' GET to'), [['to-get']])
  assert.deepEqual(ids('nothing'), [])
})

test('a kind has what is here apart from what can be got, in memory and defaults first', () => {
  const [language] = byKind(
    [
      model('b', { type: 'installed' }),
      model('a', { type: 'installed' }),
      model('usual', { type: 'installed' }, { isDefault: true }),
      model('hot', ready),
      model('coming', { type: 'fetching', bytes: 0, total: 1 }),
      model('far', { type: 'absent' }),
    ],
    '',
  )
  assert.deepEqual(
    language?.here.map(({ id }) => id),
    ['hot', 'usual', 'a', 'b', 'coming'],
  )
  assert.deepEqual(
    language?.toGet.map(({ id }) => id),
    ['far'],
  )
})

test('a device’s bar has who is in its memory, the largest first', () => {
  const bars = memoryBars({
    budget: { memory: 10, gpu: 20 },
    used: { memory: 5 },
    models: [model('small', ready), model('large', { ...ready, measured: 3, gpu: { gpu: 9 } })],
  })
  assert.deepEqual(
    bars.map(({ device, used, segments }) => [device, used, segments.map(({ id }) => id)]),
    [
      ['memory', 5, ['large', 'small']],
      ['gpu', 0, ['large']],
    ],
  )
  assert.deepEqual(
    [deviceInWords('memory'), deviceInWords('gpu')],
    ['Memory of this machine', 'Memory of the graphics card'],
  )
})

test('a rate is that of the last seconds; a download that begins anew has none', () => {
  let samples: readonly Sample[] = []
  assert.equal(rateOf(samples), undefined)
  for (let at = 0; at <= 20_000; at += 500) samples = addSample(samples, { at, bytes: at * 2 })
  assert.equal(rateOf(samples), 2000)
  assert.ok(samples.length <= 14)
  samples = addSample(samples, { at: 20_500, bytes: 10 })
  assert.equal(rateOf(samples), undefined)
})

test('progress has its rate and what is left only when they are known', () => {
  assert.equal(progressInWords(276e6, 640e6, undefined), '276 MB of 640 MB')
  assert.equal(progressInWords(276e6, 640e6, 12e6), '276 MB of 640 MB · 12 MB/s · 30 s left')
  assert.equal(progressInWords(640e6, 640e6, 12e6), '640 MB of 640 MB · 12 MB/s')
})

test('only what is on its way is followed', () => {
  const first = sampled(
    new Map(),
    [model('a', { type: 'fetching', bytes: 1, total: 9 }), model('b', ready)],
    0,
  )
  assert.deepEqual([...first.keys()], ['a'])
  assert.equal(sampled(first, [model('a', { type: 'installed' })], 500).size, 0)
})
