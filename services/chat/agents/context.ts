import type { ChatMessage } from '../../portal/llm-request.ts'
import type { Message } from '../protocol.ts'
import { type Agent, nameKey } from './agent.ts'
import { withoutThoughts } from './marks.ts'
import { bytesOf, perMessage } from './sizes.ts'

/** Of a room's message, what a model is told. */
export type Said = Pick<Message, 'id' | 'author' | 'text' | 'offset'> & {
  /** Names of pictures that go with the request. */
  readonly images?: readonly string[]
}

export interface ContextQuestion {
  readonly agent: Agent
  /** Of the room in its order, up to what the agent may see; `arranged` brings them into the order of question and answer. */
  readonly messages: readonly Said[]
  /** The id of the one that is answered; undefined: whatever comes next. */
  readonly to: number | undefined
  /** The room has messages before these. */
  readonly more: boolean
  /** What the messages may take with the system prompt, and bytes that make a token. */
  readonly tokens: number
  readonly bytesPerToken: number
}

export interface Context {
  readonly messages: ChatMessage[]
  /** Others whose lines begin with their names, the last speaker first; none where there is just one. */
  readonly speakers: readonly string[]
  /** Of all contents. */
  readonly bytes: number
  /** False: not even the last message fits, however it is cut. */
  readonly fits: boolean
}

/** What a model is asked: the system prompt, and as much of the room as fits, the oldest messages left out first. */
export function contextFor(question: ContextQuestion): Context {
  const { agent, to, tokens, bytesPerToken } = question
  const seen = visible(question)
  const speakers = speakersOf(seen, agent.name)
  const several = speakers.length > 1
  const system = systemPrompt(agent, speakers)
  const lines = seen.flatMap(message => lineOf(message, agent.name, several))
  const budget = tokens * bytesPerToken - (system === '' ? 0 : bytesOf(system) + perMessage * bytesPerToken)
  const last = lines.findIndex(line => line.id === to)
  const kept = trimmed(lines, {
    budget,
    overhead: perMessage * bytesPerToken,
    must: last < 0 ? lines.length - 1 : last,
    more: question.more,
  })
  const messages = joined(kept ?? [], several ? '\n' : '\n\n')
  if (messages.at(-1)?.role !== 'user') {
    // Poked when it has spoken last, or before anybody has: many templates want the last word to be a user's.
    messages.push({ role: 'user', content: messages.length === 0 ? hints.begin : hints.goOn })
  }
  if (system !== '') messages.unshift({ role: 'system', content: system })
  const bytes = messages.reduce((sum, { content }) => sum + bytesOf(content), 0)
  return { messages, speakers: several ? speakers : [], bytes, fits: kept !== undefined }
}

/**
 * Of two quick posts A and B, both are in the file before A is answered: who answers A sees nothing behind it, and who answers B sees
 * A, its answer, B. `answers` says which message each reply has answered.
 */
export function arranged<M extends { readonly id: number }>(
  messages: readonly M[],
  to: number,
  answers: ReadonlyMap<number, number>,
): M[] {
  const root = (id: number): number => {
    let at = id
    while (at > to) {
      const before = answers.get(at)
      if (before === undefined || before >= at) return Infinity
      at = before
    }
    return at
  }
  const behind = messages.filter(({ id }) => id > to)
  return [
    ...messages.filter(({ id }) => id < to),
    ...behind.filter(({ id }) => root(id) < to),
    ...messages.filter(({ id }) => id === to),
    ...behind.filter(({ id }) => root(id) === to),
  ]
}

/** Words for models. */
const hints = { begin: '[Nobody has spoken yet. Begin.]', goOn: '[Go on.]', cut: '\n[… cut …]\n' } as const

/** A prompt is no list of members. */
const mostNames = 12

function systemPrompt({ name, system }: Agent, speakers: readonly string[]): string {
  if (speakers.length < 2) return system.trim()
  const shown = speakers.slice(0, mostNames)
  const last = speakers.length > shown.length ? 'others' : shown.pop()
  const others = `${shown.join(', ')} and ${last}`
  const manners = `You are ${name}, in a chat room with ${others}. Each line of theirs begins with its speaker's name. Write only your own words, and no name before them.`
  return `${system.trim()}\n\n${manners}`.trim()
}

function visible({ agent, messages, to }: ContextQuestion): readonly Said[] {
  const isOwn = ({ author }: Said): boolean => author !== null && nameKey(author) === nameKey(agent.name)
  if (!agent.history) {
    const one = messages.find(({ id }) => id === to) ?? messages.findLast(message => !isOwn(message))
    return one === undefined ? [] : [one]
  }
  return messages.slice(-(agent.context.messages ?? messages.length))
}

/** The last speaker first. */
function speakersOf(messages: readonly Said[], own: string): string[] {
  const names = new Map<string, string>()
  for (const { author } of messages.toReversed())
    if (author !== null && nameKey(author) !== nameKey(own) && !names.has(nameKey(author)))
      names.set(nameKey(author), author)
  return [...names.values()]
}

interface Line {
  readonly id: number
  readonly offset: number
  readonly role: 'user' | 'assistant'
  readonly content: string
  readonly images: readonly string[]
}

function lineOf({ id, offset, author, text, images = [] }: Said, own: string, several: boolean): Line[] {
  const words = withoutThoughts(text).trim()
  if (words === '') return []
  // Nobody says narrative: in brackets it can't be taken for the words of whoever spoke before it.
  if (author === null) return [{ id, offset, role: 'user', content: `[${words}]`, images }]
  if (nameKey(author) === nameKey(own)) return [{ id, offset, role: 'assistant', content: words, images: [] }]
  return [{ id, offset, role: 'user', content: several ? `${author}: ${words}` : words, images }]
}

interface Room {
  /** Bytes. */
  readonly budget: number
  readonly overhead: number
  /** From this line on all must be there. */
  readonly must: number
  readonly more: boolean
}

/** Undefined: there is no room for anything. */
function trimmed(
  lines: readonly Line[],
  { budget, overhead, must, more }: Room,
): readonly Line[] | undefined {
  const sizes = lines.map(({ content }) => bytesOf(content) + overhead)
  let start = lines.length
  let used = 0
  while (start > 0 && used + (sizes[start - 1] ?? 0) <= budget) used += sizes[--start] ?? 0
  if (start > must) return cut(lines.slice(must), budget - overhead * (lines.length - must))
  if (start > 0 || more) {
    // The start moves in steps, by bytes of the file: an engine that has evaluated the beginning of a prompt need not do it again for
    // each message.
    const step = 2 ** Math.floor(Math.log2(Math.max(1, budget / 4)))
    const from = Math.ceil((lines[start]?.offset ?? 0) / step) * step
    const next = lines.findIndex((line, index) => index >= start && line.offset >= from)
    start = next < 0 || next > must ? start : next
    // Some templates refuse a talk that an assistant begins.
    while (start < must && lines[start]?.role === 'assistant') start++
  }
  return lines.slice(start)
}

/** The longest loses its middle. */
function cut(lines: readonly Line[], budget: number): readonly Line[] | undefined {
  const sizes = lines.map(({ content }) => bytesOf(content))
  const longest = sizes.indexOf(Math.max(...sizes))
  const rest = sizes.reduce((sum, size, index) => (index === longest ? sum : sum + size), 0)
  const left = budget - rest - bytesOf(hints.cut)
  if (left < 16) return lines.length > 1 ? cut(lines.toSpliced(1, 1), budget) : undefined
  return lines.map((line, index) =>
    index === longest ? { ...line, content: shortened(line.content, left) } : line,
  )
}

function shortened(text: string, bytes: number): string {
  const all = Buffer.from(text)
  const half = Math.floor(bytes / 2)
  // A character that was cut in two is left out.
  const head = new TextDecoder().decode(all.subarray(0, half), { stream: true })
  const tail = all
    .subarray(all.length - half)
    .toString()
    .replace(/^\uFFFD+/, '')
  return `${head}${hints.cut}${tail}`
}

/** Neighbours of one role are one message, as templates want it. */
function joined(lines: readonly Line[], between: string): ChatMessage[] {
  const messages: { role: 'user' | 'assistant'; content: string; images: string[] }[] = []
  for (const { role, content, images } of lines) {
    const last = messages.at(-1)
    if (last?.role === role) {
      last.content += between + content
      last.images.push(...images)
    } else messages.push({ role, content, images: [...images] })
  }
  return messages.map(({ role, content, images }) =>
    role === 'user' && images.length > 0 ? { role, content, images } : { role, content },
  )
}
