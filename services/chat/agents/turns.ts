import type { TurnPolicy } from '../protocol.ts'
import { nameKey } from './agent.ts'
import { mentionsIn } from './mentions.ts'

/** How often agents answer agents for each message of a person: enough for an exchange, and it always ends. */
export const agentBudget = 4
/** So many messages back somebody who spoke takes part in the talk. */
export const tailLength = 20

export interface Seat {
  readonly name: string
  readonly turns: TurnPolicy
  /** Seconds, and when it last spoke in this room (ms); undefined: not since the start. */
  readonly cooldown: number
  readonly spoke?: number | undefined
}

export interface TurnQuestion {
  /** The agents of the room, in its order. */
  readonly agents: readonly Seat[]
  /** Who said the messages before this one, oldest first; null is narrative. */
  readonly tail: readonly (string | null)[]
  readonly message: { readonly author: string | null; readonly text: string }
  /** Whose @names are no words: persons who may write in the room. */
  readonly people?: readonly string[]
  /** Answers of agents to agents since a person spoke. */
  readonly spent: number
  /** Ms. */
  readonly now: number
}

/** The agents that answer a message, in order. None ever answers itself, and only persons are answered unasked. */
export function whoAnswers(question: TurnQuestion): string[] {
  const { agents, tail, message, people = [], spent, now } = question
  const { author } = message
  if (author === null) return []
  const isAgent = (name: string | null): boolean =>
    name !== null && agents.some(agent => nameKey(agent.name) === nameKey(name))
  const others = agents.filter(({ name, turns }) => nameKey(name) !== nameKey(author) && turns !== 'manual')
  const mentions = mentionsIn(
    message.text,
    agents.map(({ name }) => name),
  )
  const askedFor = mentions.at.flatMap(name => others.filter(agent => agent.name === name))
  const byName = mentions.named.flatMap(name =>
    others.filter(agent => agent.name === name && agent.turns === 'natural' && !askedFor.includes(agent)),
  )
  // Of an agent only @name counts: models say names all the time, their own model's among them, and mean nobody by it. Everyone
  // is a person's word.
  if (isAgent(author)) return askedFor.map(({ name }) => name).slice(0, Math.max(0, agentBudget - spent))
  const addressed = [...askedFor, ...byName].map(({ name }) => name)
  if (mentions.everyone) return others.map(({ name }) => name)
  const rested = ({ cooldown, spoke }: Seat): boolean => spoke === undefined || now - spoke >= cooldown * 1000
  const always = others
    .filter(agent => agent.turns === 'always' && rested(agent) && !addressed.includes(agent.name))
    .map(({ name }) => name)
  if (addressed.length > 0) return [...addressed, ...always]
  const persons = tail.filter((name): name is string => name !== null && !isAgent(name))
  const toPersons = mentionsIn(message.text, [...new Set([...people, ...persons])]).at
  // Also @name of an agent that may not answer is not for another one.
  if (toPersons.length > 0 || mentions.at.length > 0) return always
  const next = whoGoesOn(question, persons, isAgent)
  const natural = others.filter(agent => agent.name === next && agent.turns === 'natural' && rested(agent))
  return [...natural.map(({ name }) => name), ...always]
}

/**
 * Nobody is addressed. With one person the talk is with the agent that spoke last, or with the first; among several it goes on only
 * where somebody says more to an agent that has just answered them.
 */
function whoGoesOn(
  { agents, tail, message }: TurnQuestion,
  persons: readonly string[],
  isAgent: (name: string | null) => boolean,
): string | undefined {
  const natural = agents.filter(({ turns }) => turns === 'natural')
  const find = (name: string | null | undefined): string | undefined =>
    typeof name === 'string' ? natural.find(agent => nameKey(agent.name) === nameKey(name))?.name : undefined
  const author = nameKey(message.author ?? '')
  if (persons.every(name => nameKey(name) === author))
    return find(tail.findLast(name => isAgent(name) && find(name) !== undefined)) ?? natural[0]?.name
  const answered = tail.findLast((name): name is string => name !== null && !isAgent(name))
  return answered !== undefined && nameKey(answered) === author ? find(tail.at(-1)) : undefined
}

/** Who is to speak when nobody is named: the one that did last, or the first of the room. */
export function whoIsPoked(agents: readonly string[], tail: readonly (string | null)[]): string | undefined {
  const keys = new Map(agents.map(name => [nameKey(name), name]))
  for (const name of tail.toReversed()) {
    const known = name === null ? undefined : keys.get(nameKey(name))
    if (known !== undefined) return known
  }
  return agents[0]
}
