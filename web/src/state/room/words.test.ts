import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ListedAgent, Model } from '../../../../services/backend/protocol.ts'
import { closedInWords, endInWords, waitingInWords } from './words.ts'

const agent: ListedAgent = {
  name: 'Courante',
  system: '',
  context: {},
  turns: 'natural',
  history: true,
  cooldown: 0,
  shipped: true,
}
const model: Model = {
  id: 'starter',
  kind: 'llm',
  title: 'Starter',
  licence: 'MIT',
  engine: 'llm',
  origin: 'shipped',
  bytes: 1,
  memory: null,
  isDefault: true,
  pinned: false,
  vision: false,
  download: null,
  state: { type: 'loading', progress: 0.437 },
}

test('an answer without words says that its model is still loading, and how far', () => {
  const models = { core: 'running' as const, models: [model] }
  assert.equal(waitingInWords('Courante', [agent], models), 'Loading Starter, 43 %')
  const other = { ...agent, model: 'large' }
  assert.equal(waitingInWords('Courante', [other], models), 'Thinking')
  const ready = { ...models, models: [{ ...model, state: { type: 'installed' as const } }] }
  assert.equal(waitingInWords('Courante', [agent], ready), 'Thinking')
  assert.equal(waitingInWords('Courante', [agent]), 'Thinking')
  assert.match(waitingInWords('Courante', [agent], { core: 'absent', models: [] }), /core/)
})

test('each end of an answer and of a room has words', () => {
  const ended = { reply: 'r', agent: 'Courante' }
  const problem = { code: 'x', title: 'no model', status: 503 }
  assert.equal(endInWords({ ...ended, how: 'failed', problem }), 'no model')
  assert.equal(endInWords({ ...ended, how: 'stopped' }), 'Stopped')
  assert.equal(closedInWords({ connection: 'lost', problem: undefined }), undefined)
  assert.match(closedInWords({ connection: 'gone', problem: undefined })?.title ?? '', /not here/)
  assert.equal(closedInWords({ connection: 'refused', problem })?.title, 'no model')
})
