import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mentionsIn } from './mentions.ts'
import { agentBudget, type Seat, type TurnQuestion, whoAnswers, whoIsPoked } from './turns.ts'

const seat = (name: string, turns: Seat['turns'] = 'natural', more: Partial<Seat> = {}): Seat => ({
  name,
  turns,
  cooldown: 0,
  ...more,
})

/** `author: text`, after what was said before by these. */
function who(
  agents: Seat[],
  tail: (string | null)[],
  said: string,
  more: Partial<TurnQuestion> = {},
): string[] {
  const [, author = '', text = ''] = /^(\w+): ([^]*)$/.exec(said) ?? []
  return whoAnswers({ agents, tail, message: { author, text }, spent: 0, now: 0, ...more })
}

const bots = [seat('Bob'), seat('Bob.2'), seat('Eva', 'mention'), seat('Mute', 'manual')]
const at = (text: string): readonly string[] => mentionsIn(text, ['Bob', 'Bob.2', 'Eva', 'Bobby', 'Änne']).at

test('a name counts behind an @ at the borders of a word, in any case, and the longest that fits', () => {
  assert.deepEqual(at('@bob and @EVA, hello'), ['Bob', 'Eva'])
  // Letters that a pattern takes for the same, and lower case does not.
  assert.deepEqual(mentionsIn('@agent\u017f @AGENTS', ['Agents']).at, ['Agents'])
  assert.deepEqual(at('(@Bob)'), ['Bob'])
  assert.deepEqual(at('ask @Bob.'), ['Bob'])
  assert.deepEqual(at("@Bob's turn, @Bob-"), ['Bob'])
  assert.deepEqual(at('@Bob.2 and @Bobby'), ['Bob.2', 'Bobby'])
  assert.deepEqual(at('@bob.3 @bobb @Bob_x @Bob-like'), [])
  assert.deepEqual(at('@a\u0308nne @ÄNNE'), ['Änne'])
  assert.deepEqual(at('你好@Bob'), [], 'a letter before it')
  assert.deepEqual(at('x@bob.org me.too@eva eva@Bob'), [])
  assert.deepEqual(at('https://social.example/@Bob and @Bob@social.example'), [])
})

test('what is code or was only thought calls nobody', () => {
  assert.deepEqual(at('`@Bob` and ``a ` @Bob``'), [])
  assert.deepEqual(at('```\n@Bob\n```\n@Eva'), ['Eva'])
  assert.deepEqual(at('~~~py\n@Bob\n@dataclass'), [], 'a block that nobody closes')
  assert.deepEqual(at('<think>ask @Bob</think>@Eva'), ['Eva'])
  assert.deepEqual(at('<think>ask @Bob'), [])
  assert.deepEqual(at('one ` alone @Bob'), ['Bob'])
  assert.equal(mentionsIn('@Everyone!', []).everyone, true)
  assert.equal(mentionsIn('x@everyone', []).everyone, false)
})

test('@names are answered in the order of the text, and @everyone by all that are not manual', () => {
  assert.deepEqual(who(bots, [], 'al: @Eva then @Bob.2, and @Mute'), ['Eva', 'Bob.2'])
  assert.deepEqual(who(bots, [], 'al: @everyone'), ['Bob', 'Bob.2', 'Eva'])
  assert.deepEqual(who(bots, [], 'al: @Bob @bob'), ['Bob'])
})

test('one person in a fresh room is answered by its first natural agent, then by the one that spoke last', () => {
  assert.deepEqual(who(bots, [], 'al: hello'), ['Bob'])
  assert.deepEqual(who(bots, ['al', 'Bob.2'], 'al: and then?'), ['Bob.2'])
  assert.deepEqual(who(bots, ['al', 'al'], 'al: a second quick post'), ['Bob'])
  assert.deepEqual(
    who(bots, ['al', 'Eva'], 'al: go on'),
    ['Bob'],
    'one that waits to be mentioned does not go on',
  )
  assert.deepEqual(who([seat('Eva', 'mention')], [], 'al: hello'), [])
})

test('among several people a natural agent speaks when it is named, or is told more right after its answer', () => {
  assert.deepEqual(who(bots, ['al', 'cy'], 'al: lunch?'), [])
  assert.deepEqual(who(bots, ['al', 'cy'], 'al: what would bob say?'), ['Bob'])
  assert.deepEqual(who(bots, ['cy', 'al', 'Bob'], 'al: and why?'), ['Bob'])
  assert.deepEqual(who(bots, ['cy', 'al', 'Bob'], 'cy: lunch?'), [])
  assert.deepEqual(who(bots, ['cy', 'al', 'Bob', 'cy'], 'al: and why?'), [])
  assert.deepEqual(who(bots, ['cy', 'al', 'Bob'], 'al: @cy is that so?'), [], 'said to a person')
  assert.deepEqual(who(bots, ['al', 'Bob'], 'al: @dan look', { people: ['dan'] }), [])
  assert.deepEqual(who(bots, ['al', 'Bob'], 'al: @Mute now you'), [], 'said to an agent that may not answer')
})

test('always answers each message of a person, and none of an agent unless it is addressed', () => {
  const agents = [seat('Log', 'always'), seat('Bob')]
  assert.deepEqual(who(agents, ['al', 'cy'], 'al: lunch?'), ['Log'])
  assert.deepEqual(who(agents, ['al', 'cy'], 'al: @Bob lunch?'), ['Bob', 'Log'])
  assert.deepEqual(who(agents, ['al'], 'Bob: lunch'), [])
  assert.deepEqual(who(agents, ['al'], 'Bob: @Log lunch'), ['Log'])
})

test('agents that address each other stop when the budget is spent, and none answers itself', () => {
  assert.deepEqual(who(bots, ['al'], 'Bob: @Bob @Eva what do you think?'), ['Eva'])
  assert.deepEqual(who(bots, ['al'], 'Eva: Bob said so'), [], 'a name alone calls nobody')
  assert.deepEqual(who(bots, ['al'], 'Bob: Eva said so'), [])
  assert.deepEqual(who(bots, ['al'], 'Bob: @everyone'), [])
  assert.deepEqual(who(bots, ['al'], 'Bob: I have spoken'), [])
  assert.deepEqual(who(bots, [], 'Eva: @Bob @Bob.2', { spent: agentBudget - 1 }), ['Bob'])
  assert.deepEqual(who(bots, [], 'Eva: @Bob', { spent: agentBudget }), [])
  assert.deepEqual(who(bots, [], 'al: @Bob', { spent: agentBudget }), ['Bob'], 'a person is always answered')
})

test('an agent that rests speaks only when it is addressed', () => {
  const agents = [seat('Log', 'always', { cooldown: 60, spoke: 1000 })]
  assert.deepEqual(who(agents, [], 'al: hello', { now: 60_999 }), [])
  assert.deepEqual(who(agents, [], 'al: @log hello', { now: 2000 }), ['Log'])
  assert.deepEqual(who(agents, [], 'al: hello', { now: 61_000 }), ['Log'])
  assert.deepEqual(
    who([seat('Bob', 'natural', { cooldown: 60, spoke: 1000 })], ['al', 'Bob'], 'al: so', { now: 2000 }),
    [],
  )
})

test('a poke goes to the agent that spoke last, or to the first of the room', () => {
  assert.equal(whoIsPoked(['Bob', 'Eva'], ['al', 'eva', 'al']), 'Eva')
  assert.equal(whoIsPoked(['Bob', 'Eva'], ['al', null]), 'Bob')
  assert.equal(whoIsPoked([], ['al']), undefined)
})
