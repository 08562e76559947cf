import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ListedAgent } from '../../../../services/backend/protocol.ts'
import { bodyOf, draftOf, emptyDraft } from './agent-form.ts'
import { withModel } from './agents.ts'
import { auditInWords } from './audit.ts'
import { browserInWords } from './browser.ts'

const eva: ListedAgent = {
  name: 'Eva',
  shipped: false,
  model: 'ollama/llama3.2:3b',
  system: 'You are Eva.',
  temperature: 0,
  max_tokens: 300,
  context: { messages: 20 },
  turns: 'mention',
  history: false,
  cooldown: 5,
}

test('an agent that is opened in the form and saved is the same', () => {
  const { name: _, shipped: __, ...body } = eva
  assert.deepEqual(bodyOf(draftOf(eva)), { ok: true, body })
})

test('what is empty is left out, and a decimal comma is one', () => {
  const read = bodyOf({ ...emptyDraft, name: 'A', temperature: ' 0,4 ' })
  assert.deepEqual(read, {
    ok: true,
    body: { system: '', turns: 'natural', history: true, cooldown: 0, context: {}, temperature: 0.4 },
  })
})

test('what is no number, or too large, is said beside its field', () => {
  const read = bodyOf({ ...emptyDraft, temperature: '7', maxTokens: '1.5', contextTokens: 'many' })
  assert.deepEqual(read.ok ? [] : Object.keys(read.faults).sort(), [
    'contextTokens',
    'maxTokens',
    'name',
    'temperature',
  ])
})

test('another model changes nothing else; none is this machine’s choice', () => {
  const { name: _, shipped: __, ...body } = eva
  assert.deepEqual(withModel(eva, 'starter'), { ...body, model: 'starter' })
  assert.equal('model' in withModel(eva), false)
})

test('the audit log is told in sentences; what is new in it, as it is', () => {
  const entry = { at: '', address: null }
  assert.equal(
    auditInWords({ ...entry, who: 'ann', what: 'user.role', about: 'bob admin' }),
    'ann made bob an admin',
  )
  assert.equal(
    auditInWords({ ...entry, who: null, what: 'login.failed', about: 'bob' }),
    'Wrong login as bob',
  )
  assert.equal(auditInWords({ ...entry, who: 'ann', what: 'constructor', about: null }), 'ann constructor')
})

test('a browser is called as people call it', () => {
  const chrome =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36'
  assert.equal(browserInWords(chrome), 'Chrome on Linux')
  assert.equal(browserInWords(`${chrome} Edg/142.0`), 'Edge on Linux')
  assert.equal(
    browserInWords('Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19 Safari/604'),
    'Safari on iPhone',
  )
  assert.equal(browserInWords('curl/8.5.0'), 'curl/8.5.0')
  assert.equal(browserInWords(''), 'A program without a name')
})
