import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { agentSchema } from './agent.ts'
import { AnswerText } from './answer-text.ts'
import { contextFor } from './context.ts'
import { mentionsIn } from './mentions.ts'
import { bytesOf, perMessage } from './sizes.ts'
import { type Seat, whoAnswers } from './turns.ts'

const names = ['al', 'cy', 'Bob', 'Eva']
const word = fc.constantFrom(
  'Bob',
  'bob',
  '@Bob',
  '@eva',
  'Eva:',
  'al:',
  '\n',
  ' ',
  '`',
  '```',
  'x',
  '@everyone',
  '<think>',
  '</think>',
  'ß',
  '🦊',
  '\u2028',
)
const text = fc
  .array(fc.oneof(word, fc.string({ maxLength: 5, unit: 'grapheme' })), { maxLength: 30 })
  .map(parts => parts.join(''))
const talk = fc.array(fc.record({ author: fc.constantFrom(...names, null), text }), { maxLength: 30 })

test('any room makes a prompt that fits, ends with a user, and has no two neighbours of one role', () => {
  fc.assert(
    fc.property(talk, fc.integer({ min: 30, max: 600 }), fc.boolean(), (said, tokens, more) => {
      let offset = 0
      const messages = said.map(({ author, text }, id) => ({
        id,
        author,
        text,
        offset: (offset += bytesOf(text)),
      }))
      const agent = agentSchema.parse({ name: 'Bob', system: 'Be.' })
      const context = contextFor({ agent, messages, to: messages.at(-1)?.id, more, tokens, bytesPerToken: 3 })
      assert.equal(context.messages.at(-1)?.role, 'user')
      assert.ok(context.messages.every(({ role }, i) => role !== context.messages[i - 1]?.role))
      if (!context.fits) return
      const used = context.messages.reduce((sum, { content }) => sum + bytesOf(content) / 3 + perMessage, 0)
      // What is said where nobody has spoken is not counted.
      assert.ok(used <= tokens + 20, `${used} of ${tokens}`)
    }),
    { numRuns: 500 },
  )
})

test('an answer is shown the same however it comes in pieces, and nothing that was shown is taken back', () => {
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (said, sizes) => {
      const whole = new AnswerText('Bob', ['al', 'Eva'])
      whole.add({ type: 'text', text: said })
      const answer = new AnswerText('Bob', ['al', 'Eva'])
      let before = ''
      for (let at = 0, n = 0; at < said.length && !answer.isOver; n++) {
        const size = sizes[n % sizes.length] ?? 1
        answer.add({ type: 'text', text: said.slice(at, at + size) })
        at += size
        assert.ok(
          answer.shown.startsWith(before),
          `${JSON.stringify(before)} → ${JSON.stringify(answer.shown)}`,
        )
        before = answer.shown
      }
      assert.equal(answer.whole, whole.whole)
      assert.ok(answer.whole.startsWith(before.trimEnd()))
    }),
    { numRuns: 2000 },
  )
})

test('whoever speaks, nobody answers itself or twice, and a talk of agents ends', () => {
  const seat = fc.record({
    turns: fc.constantFrom<Seat['turns']>('mention', 'always', 'natural', 'manual'),
    cooldown: fc.constant(0),
  })
  fc.assert(
    fc.property(
      fc.array(seat, { minLength: 1, maxLength: 4 }),
      talk,
      fc.integer({ min: 0, max: 9 }),
      (seats, said, spent) => {
        const agents = seats.map((seat, n) => ({ ...seat, name: ['Bob', 'Eva', 'Bob.2', 'Änne'][n] ?? '' }))
        const last = said.at(-1)
        if (last === undefined) return
        const who = whoAnswers({
          agents,
          tail: said.slice(0, -1).map(({ author }) => author),
          message: last,
          spent,
          now: 0,
        })
        assert.equal(new Set(who).size, who.length)
        assert.ok(!who.includes(last.author ?? ''))
        if (agents.some(({ name }) => name === last.author)) assert.ok(who.length <= Math.max(0, 4 - spent))
        assert.ok(who.every(name => agents.some(agent => agent.name === name && agent.turns !== 'manual')))
      },
    ),
    { numRuns: 1000 },
  )
})

test('a message of many backticks and at signs is read in a moment', () => {
  let runs = ''
  for (let n = 1; runs.length < 256_000; n++) runs += `${'`'.repeat(n)} `
  for (const hostile of [
    runs,
    '@'.repeat(256_000),
    '@Bob.'.repeat(50_000),
    '```\n~~~\n'.repeat(30_000),
    '<think>'.repeat(30_000),
  ])
    assert.ok(mentionsIn(hostile, names).at.length <= 1)
})
