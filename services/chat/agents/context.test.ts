import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AgentInput, agentSchema } from './agent.ts'
import { arranged, contextFor, type ContextQuestion, type Said } from './context.ts'
import { bytesOf, promptTokens, Sizes } from './sizes.ts'

/** `author: text` each; `-` is narrative. */
function room(...lines: string[]): Said[] {
  let offset = 0
  return lines.map((line, id) => {
    const [, author = '', text = ''] = /^([\w-]+): ([^]*)$/.exec(line) ?? []
    const at = offset
    offset += bytesOf(line) + 3
    return { id, author: author === '-' ? null : author, text, offset: at }
  })
}

function asked(
  messages: Said[],
  more: Partial<Omit<ContextQuestion, 'agent'>> & { agent?: Partial<AgentInput> } = {},
) {
  const agent = agentSchema.parse({ name: 'Bob', ...more.agent })
  const to = messages.at(-1)?.id
  return contextFor({ messages, to, more: false, tokens: 10_000, bytesPerToken: 4, ...more, agent })
}

const told = (context: ReturnType<typeof asked>): string[] =>
  context.messages.map(message => `${message.role}: ${message.content}`)

test('with one person there are no names, and neighbours of one role are one message', () => {
  const context = asked(room('al: hello', 'Bob: Hi.', 'al: one', 'al: two'), {
    agent: { system: 'Be kind.' },
  })
  assert.deepEqual(told(context), ['system: Be kind.', 'user: hello', 'assistant: Hi.', 'user: one\n\ntwo'])
  assert.deepEqual(context.speakers, [])
})

test('several speakers have their names before their lines, and the system prompt says who is there', () => {
  const context = asked(room('al: hello', 'cy: yo', 'Bob: Hi.', 'Eva: I am a bot', 'al: Bob?'))
  assert.match(told(context)[0] ?? '', /^system: You are Bob, in a chat room with al, Eva and cy\./)
  assert.deepEqual(told(context).slice(1), [
    'user: al: hello\ncy: yo',
    'assistant: Hi.',
    'user: Eva: I am a bot\nal: Bob?',
  ])
  assert.deepEqual(context.speakers, ['al', 'Eva', 'cy'])
})

test('narrative is in brackets; thoughts and the mark of an interruption are nobody’s words', () => {
  const lines = room(
    '-: The door opens.',
    'al: who?',
    'Bob: <think>\nhm </think>\n\nIt is I.\n[interrupted]',
    'Bob: <think>never said',
    'al: so',
  )
  assert.deepEqual(told(asked(lines)), ['user: [The door opens.]\n\nwho?', 'assistant: It is I.', 'user: so'])
})

test('the last word is always somebody else’s', () => {
  assert.deepEqual(told(asked([], { to: undefined })), ['user: [Nobody has spoken yet. Begin.]'])
  assert.deepEqual(told(asked(room('al: hi', 'Bob: Hello.'), { to: undefined })).at(-1), 'user: [Go on.]')
})

test('who may not see history sees what is said to it', () => {
  const lines = room('al: secret', 'Bob: ok', 'al: Bob, what?')
  assert.deepEqual(told(asked(lines, { agent: { history: false } })), ['user: Bob, what?'])
  assert.deepEqual(told(asked(lines, { agent: { context: { messages: 2 } } })), [
    'assistant: ok',
    'user: Bob, what?',
  ])
})

test('of two quick posts each is answered with what came before it, its own last', () => {
  const ids = (to: number, answers: [number, number][], count: number): number[] =>
    arranged(
      Array.from({ length: count }, (_, id) => ({ id })),
      to,
      new Map(answers),
    ).map(({ id }) => id)
  // 0: A, 1: B, then 2 answers 0.
  assert.deepEqual(ids(0, [], 2), [0])
  assert.deepEqual(ids(1, [[2, 0]], 3), [0, 2, 1])
  // 1 and 2 both answer 0; 3 is another's post in between, which nobody has answered.
  assert.deepEqual(
    ids(
      0,
      [
        [1, 0],
        [2, 0],
      ],
      4,
    ),
    [0, 1, 2],
  )
  // 2 answers 0, and another agent has answered 2.
  assert.deepEqual(
    ids(
      1,
      [
        [2, 0],
        [3, 2],
      ],
      4,
    ),
    [0, 2, 3, 1],
  )
  // It is written anew: what the agent said behind it was to others.
  assert.deepEqual(ids(1, [[2, -1]], 3), [0, 2, 1])
})

test('the oldest are left out until it fits, with the system prompt kept, and a user begins', () => {
  const lines = room(
    ...Array.from({ length: 100 }, (_, n) => `${n % 2 === 0 ? 'al' : 'Bob'}: ${'word '.repeat(20)}${n}`),
    'al: the last',
  )
  const context = asked(lines, { agent: { system: 'S'.repeat(100) }, tokens: 500 })
  const total = context.messages.reduce((sum, { content }) => sum + bytesOf(content) / 4 + 8, 0)
  assert.ok(total <= 500 && total > 300, `${total} tokens`)
  assert.equal(context.messages[0]?.role, 'system')
  assert.equal(context.messages[1]?.role, 'user')
  assert.match(context.messages.at(-1)?.content ?? '', /the last$/)
})

test('the start of what is kept moves in steps, so that an engine finds the beginning of its last prompt again', () => {
  const all = room(
    ...Array.from({ length: 200 }, (_, n) => `${n % 2 === 0 ? 'al' : 'Bob'}: ${'word '.repeat(20)}${n}`),
  )
  const starts = new Set<string>()
  for (let end = 101; end < 151; end += 2) {
    const context = asked(all.slice(0, end), { tokens: 1000 })
    starts.add(context.messages[0]?.content ?? '')
  }
  assert.ok(starts.size <= 12, `${starts.size} different starts in 25 turns`)
})

test('a message that does not fit alone is cut in its middle', () => {
  const context = asked(room('al: old', `al: begin ${'äöü'.repeat(2000)} end`), { tokens: 200 })
  const [only] = told(context)
  assert.match(only ?? '', /^user: begin [äöü]+\n\[… cut …\]\n[äöü]+ end$/)
  assert.ok(context.bytes <= 800)
  assert.equal(context.fits, true)
  assert.equal(asked(room('al: hello'), { agent: { system: 'x'.repeat(4000) }, tokens: 100 }).fits, false)
})

test('what a token takes is learned from answers, and a context from its error', () => {
  const sizes = new Sizes()
  assert.equal(sizes.of('a').bytesPerToken, 3)
  sizes.learn('a', { bytes: 2000, messages: 5, tokens: 540 })
  assert.equal(sizes.of('a').bytesPerToken, 4)
  sizes.learn('a', { bytes: 9000, messages: 5, tokens: 4540 }, 2048)
  assert.deepEqual(sizes.of('a'), { context: 2048, bytesPerToken: 2 })
  sizes.learn('a', { bytes: 10, messages: 1, tokens: 60 })
  assert.deepEqual(sizes.of('a'), { context: 2048, bytesPerToken: 2 }, 'of a few words it is chance')
})

test('a quarter of the context is left for the answer, and at most 1,000 tokens', () => {
  const tokens = (context?: number, wanted?: number, maxTokens?: number): number =>
    promptTokens({ context, wanted, maxTokens })
  assert.equal(tokens(2048), 1536)
  assert.equal(tokens(32_768), 31_768)
  assert.equal(tokens(32_768, 4000), 3000)
  assert.equal(tokens(2048, 100_000), 1536)
  assert.equal(tokens(2048, undefined, 100), 1948)
  assert.equal(tokens(undefined, 20_000), 19_000)
})
