import type { ApiProblem, Message, RoomEvent } from '../../../../services/chat/protocol.ts'
import type { Pending, RoomState } from './view.ts'

/** What the room's own code keeps beside what is shown. */
export interface OpenRoom extends RoomState {
  readonly me: string
  /** The reader stands at the end, or reads above it. */
  readonly isReading: boolean
  readonly pending: readonly OpenPending[]
}

/** `arrives`: the server has it under this id, and the stream is about to tell it. */
interface OpenPending extends Pending {
  readonly arrives?: number
}

/** A page of the list. */
export interface Page {
  readonly messages: readonly Message[]
  readonly count: number
}

export type RoomAction =
  | { readonly type: 'stream'; readonly events: readonly StreamEvent[] }
  /** Instead of the window. */
  | { readonly type: 'listed'; readonly page: Page; readonly target?: number; readonly quiet?: boolean }
  /** Before the window or behind it; left out if it doesn't fit any more. */
  | { readonly type: 'more'; readonly page: Page; readonly side: 'older' | 'newer' }
  | { readonly type: 'loading'; readonly side: 'older' | 'newer'; readonly is: boolean }
  | {
      readonly type: 'connection'
      readonly is: RoomState['connection']
      readonly problem?: ApiProblem | undefined
    }
  | { readonly type: 'unread'; readonly from: number }
  | { readonly type: 'target'; readonly id: number }
  | { readonly type: 'look'; readonly isReading: boolean }
  | { readonly type: 'posting'; readonly key: string; readonly text: string }
  | { readonly type: 'posted'; readonly key: string; readonly id: number }
  | {
      readonly type: 'post.failed'
      readonly key: string
      readonly text: string
      readonly problem: ApiProblem
    }
  | { readonly type: 'discarded'; readonly key: string }

/** `beat` says only that the connection lives. */
export type StreamEvent = RoomEvent | { readonly type: 'beat' }

/** So many messages are kept. */
export const mostMessages = 2000
/** Beyond that, before the far side is dropped: not at each message. */
const slack = 200
/** Rows that are known by what they were. */
const mostBorn = 100

export function emptyRoom(id: string, me: string): OpenRoom {
  return {
    id,
    me,
    connection: 'opening',
    problem: undefined,
    messages: [],
    count: 0,
    atEnd: false,
    loading: { older: false, newer: false },
    replies: [],
    ended: [],
    pending: [],
    present: [],
    firstUnread: undefined,
    target: undefined,
    window: 0,
    born: new Map(),
    renamed: undefined,
    isReading: false,
  }
}

/** Everything that happens to an open room. What did not change stays the same object. */
export function reduceRoom(state: OpenRoom, action: RoomAction): OpenRoom {
  switch (action.type) {
    case 'stream':
      return action.events.reduce(tell, state)
    case 'listed':
      return listed(state, action)
    case 'more':
      return more(state, action)
    case 'loading':
      return { ...state, loading: { ...state.loading, [action.side]: action.is } }
    case 'connection':
      if (state.connection === action.is && state.problem === action.problem) return state
      return { ...state, connection: action.is, problem: action.problem }
    case 'unread':
      return { ...state, firstUnread: action.from }
    case 'target':
      return { ...state, target: { id: action.id, nonce: (state.target?.nonce ?? 0) + 1 } }
    case 'look':
      return state.isReading === action.isReading ? state : { ...state, isReading: action.isReading }
    case 'posting': {
      const { key, text } = action
      const others = state.pending.filter(pending => pending.key !== key)
      return { ...state, ended: [], pending: [...others, { key, text, state: 'sending' }] }
    }
    case 'posted':
      return arrived({
        ...state,
        pending: state.pending.map(pending =>
          pending.key === action.key ? { ...pending, arrives: action.id } : pending,
        ),
      })
    case 'post.failed': {
      const { key, text, problem } = action
      const others = state.pending.filter(pending => pending.key !== key)
      return { ...state, pending: [...others, { key, text, state: 'failed', problem }] }
    }
    case 'discarded':
      return { ...state, pending: state.pending.filter(({ key }) => key !== action.key) }
  }
}

function tell(state: OpenRoom, event: StreamEvent): OpenRoom {
  switch (event.type) {
    case 'hello':
      return {
        ...state,
        connection: 'open',
        problem: undefined,
        present: event.present,
        replies: event.replies,
      }
    case 'message':
      return said(state, event)
    case 'rewind':
      return rewound(state, event.id)
    case 'reply.started': {
      const { reply, agent } = event
      if (state.replies.some(live => live.reply === reply)) return state
      const ended = state.ended.filter(other => other.agent !== agent)
      return { ...state, ended, replies: [...state.replies, { reply, agent, text: '', state: 'waiting' }] }
    }
    case 'reply.delta':
      return {
        ...state,
        replies: state.replies.map(live =>
          live.reply === event.reply
            ? { ...live, state: 'writing', text: live.text.slice(0, event.at) + event.text }
            : live,
        ),
      }
    case 'reply.ended': {
      const { reply, how, problem } = event
      const agent = state.replies.find(live => live.reply === reply)?.agent ?? saidBy(state, reply)
      const replies = state.replies.filter(live => live.reply !== reply)
      if (how === 'done' || agent === undefined) return { ...state, replies }
      const end = { reply, agent, how, ...(problem === undefined ? {} : { problem }) }
      return { ...state, replies, ended: [...state.ended, end] }
    }
    case 'presence':
      return { ...state, present: event.present }
    case 'renamed':
      return { ...state, renamed: event.to }
    case 'gone':
      return { ...state, connection: 'gone', replies: [], pending: [] }
    case 'reset':
    case 'beat':
      return state
    default:
      // Of a newer server.
      return state
  }
}

function said(
  state: OpenRoom,
  { message, reply }: { readonly message: Message; readonly reply?: string | undefined },
): OpenRoom {
  const last = state.messages.at(-1)
  const count = Math.max(state.count, message.id + 1)
  const isKnown = last !== undefined && message.id <= last.id
  // The list that was loaded meanwhile has it already, or it was changed since.
  if (isKnown) {
    const at = message.id - (state.messages[0]?.id ?? 0)
    const known = state.messages[at]
    if (known === undefined || isSame(known, message)) return withoutReply({ ...state, count }, reply)
    return withoutReply({ ...state, count, messages: state.messages.with(at, message) }, reply)
  }
  const fits = state.atEnd && (last === undefined || message.id === last.id + 1)
  const isFull = state.isReading && state.messages.length >= mostMessages
  if (!fits || isFull) return arrived(withoutReply({ ...state, count, atEnd: false }, reply))
  const all = [...state.messages, message]
  const messages = all.length > mostMessages + slack && !state.isReading ? all.slice(-mostMessages) : all
  const post = state.pending.find(pending => isPost(state, pending, message))
  return withoutReply(
    arrived({
      ...state,
      messages,
      count,
      ended: [],
      born: bornAs(state, message.id, reply ?? post?.key),
      pending: post === undefined ? state.pending : state.pending.filter(other => other !== post),
    }),
    reply,
  )
}

/** What was there from this message on is forgotten; what is there now follows, up to the end of the room. */
function rewound(state: OpenRoom, id: number): OpenRoom {
  const last = state.messages.at(-1)
  if (last === undefined || id > last.id + 1) return { ...state, count: id, atEnd: last === undefined }
  const messages = state.messages.filter(message => message.id < id)
  const isUnread = state.firstUnread !== undefined && state.firstUnread < id
  return {
    ...state,
    messages,
    // `born` stays: most of them come back, and somebody may be writing in such a row.
    count: id,
    atEnd: true,
    firstUnread: isUnread ? state.firstUnread : undefined,
  }
}

function listed(state: OpenRoom, action: Extract<RoomAction, { type: 'listed' }>): OpenRoom {
  const { page, target, quiet } = action
  const last = page.messages.at(-1)
  const nonce = (state.target?.nonce ?? 0) + 1
  return arrived({
    ...state,
    messages: page.messages,
    count: page.count,
    atEnd: last === undefined ? page.count === 0 : last.id === page.count - 1,
    loading: { older: false, newer: false },
    target: target === undefined ? undefined : { id: target, nonce, ...(quiet === true ? { quiet } : {}) },
    window: state.window + 1,
    born: new Map(),
  })
}

function more(state: OpenRoom, { page, side }: Extract<RoomAction, { type: 'more' }>): OpenRoom {
  const [first, last] = [state.messages[0], state.messages.at(-1)]
  const loading = { ...state.loading, [side]: false }
  if (side === 'older') {
    const fits = (page.messages.at(-1)?.id ?? -1) === (first?.id ?? state.count) - 1
    if (!fits) return { ...state, loading }
    const all = [...page.messages, ...state.messages]
    const messages = all.slice(0, mostMessages)
    return { ...state, loading, messages, atEnd: state.atEnd && messages.length === all.length }
  }
  const fresh = page.messages.filter(({ id }) => last === undefined || id > last.id)
  if (last !== undefined && fresh[0]?.id !== last.id + 1) return { ...state, loading }
  const count = Math.max(state.count, page.count)
  const messages = [...state.messages, ...fresh].slice(-mostMessages)
  return arrived({ ...state, loading, messages, count, atEnd: messages.at(-1)?.id === count - 1 })
}

/** Posts that are in the window now, or in a part of the room that isn't. */
function arrived(state: OpenRoom): OpenRoom {
  if (state.pending.every(({ arrives }) => arrives === undefined)) return state
  const last = state.messages.at(-1)?.id ?? -1
  const here = state.pending.filter(({ arrives }) => arrives !== undefined && arrives <= last)
  const born = here.reduce((born, { arrives, key }) => bornAs({ born }, arrives, key), state.born)
  const isThere = ({ arrives }: OpenPending): boolean =>
    arrives !== undefined && (arrives <= last || !state.atEnd)
  return { ...state, born, pending: state.pending.filter(pending => !isThere(pending)) }
}

function withoutReply(state: OpenRoom, reply: string | undefined): OpenRoom {
  if (reply === undefined || state.replies.every(live => live.reply !== reply)) return state
  return { ...state, replies: state.replies.filter(live => live.reply !== reply) }
}

/** The stream may be quicker than the answer to the post. The server takes white space away at the ends of lines. */
function isPost({ me }: OpenRoom, pending: OpenPending, message: Message): boolean {
  if (pending.arrives !== undefined) return pending.arrives === message.id
  return pending.state === 'sending' && message.author === me && bare(pending.text) === bare(message.text)
}

function bare(text: string): string {
  return text.normalize('NFC').replace(/\s+/g, ' ').trim()
}

function isSame(a: Message, b: Message): boolean {
  return a.hash === b.hash && a.author === b.author && a.offset === b.offset && a.end === b.end
}

/** Its reply has become a message, which comes just before the reply's end. */
function saidBy({ born, messages }: OpenRoom, reply: string): string | undefined {
  const last = messages.at(-1)
  return last !== undefined && born.get(last.id) === reply ? (last.author ?? undefined) : undefined
}

function bornAs(
  { born }: Pick<OpenRoom, 'born'>,
  id: number | undefined,
  key: string | undefined,
): OpenRoom['born'] {
  if (id === undefined || key === undefined) return born
  return new Map([...born, [id, key] as const].slice(-mostBorn))
}
