import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AgentInput } from '../../services/chat/agents/agent.ts'
import { agentText } from '../../services/chat/agents/agent-file.ts'
import { Agents } from '../../services/chat/agents/agents.ts'
import { Replies, type RepliesOptions } from '../../services/chat/agents/replies.ts'
import { openDatabase } from '../../services/chat/database.ts'
import type { RoomEvent } from '../../services/chat/protocol.ts'
import type { Room } from '../../services/chat/rooms/room.ts'
import { Uploads } from '../../services/chat/rooms/uploads.ts'
import { Rooms } from '../../services/chat/rooms/rooms.ts'
import { PortalClient } from '../../services/portal/client.ts'
import { AgentModel } from './agent-model.ts'
import { tempDir } from './temp.ts'

/** What happens in a room, for a test that waits for it; and what a reader of the stream has before it. */
export class Heard {
  readonly events: RoomEvent[] = []
  /** Texts of replies as a reader puts them together. */
  readonly texts = new Map<string, string>()
  readonly #looks = new Set<() => void>()

  constructor(room: Room) {
    room.on(event => {
      this.events.push(event)
      if (event.type === 'reply.delta') {
        const before = this.texts.get(event.reply) ?? ''
        if (event.at > before.length) throw new Error(`a delta at ${event.at} behind ${before.length}`)
        this.texts.set(event.reply, before.slice(0, event.at) + event.text)
      }
      for (const look of this.#looks) look()
    })
  }

  /** The first event that is so, already heard or not. */
  async until<E extends RoomEvent>(isIt: (event: RoomEvent) => event is E): Promise<E>
  async until(isIt: (event: RoomEvent) => boolean): Promise<RoomEvent>
  async until(isIt: (event: RoomEvent) => boolean): Promise<RoomEvent> {
    const { promise, resolve } = Promise.withResolvers<RoomEvent>()
    const look = (): void => {
      const found = this.events.find(isIt)
      if (found !== undefined) resolve(found)
    }
    this.#looks.add(look)
    look()
    const found = await promise
    this.#looks.delete(look)
    return found
  }

  async ended(reply: string): Promise<Extract<RoomEvent, { type: 'reply.ended' }>> {
    const isIt = (event: RoomEvent) => event.type === 'reply.ended' && event.reply === reply
    return (await this.until(isIt)) as Extract<RoomEvent, { type: 'reply.ended' }>
  }

  /** Waits for the `n`th end of a reply. */
  async ends(n: number): Promise<Extract<RoomEvent, { type: 'reply.ended' }>> {
    let count = 0
    await this.until(event => {
      if (event === this.events[0]) count = 0
      if (event.type === 'reply.ended') count++
      return count === n
    })
    return this.events.filter(event => event.type === 'reply.ended')[n - 1] as never
  }

  async shows(text: string): Promise<void> {
    await this.until(() => [...this.texts.values()].includes(text))
  }

  /** The kinds of events, without deltas and messages of persons. */
  get story(): string[] {
    return this.events.flatMap(event => {
      switch (event.type) {
        case 'reply.started':
          return [`${event.agent} started`]
        case 'reply.ended':
          return [`ended ${event.how}${event.problem === undefined ? '' : ` ${event.problem.code}`}`]
        case 'message':
          return event.reply === undefined ? [] : [`message of ${event.message.author}`]
        default:
          return []
      }
    })
  }
}

/** A home with one room, its agents, and a model that the test steers. */
export async function agentRig(agents: readonly AgentInput[], options: Partial<RepliesOptions> = {}) {
  await using cleanup = new AsyncDisposableStack()
  const home = cleanup.use(await tempDir()).path
  const model = cleanup.use(await AgentModel.open(home))
  await mkdir(join(home, 'agents'))
  for (const agent of agents) await writeFile(join(home, 'agents', `${agent.name}.yaml`), agentText(agent))
  const opened = cleanup.use(await openReplies(home, options))
  const names = agents.map(({ name }) => name)
  await opened.rooms.create('kitchen', { owner: null, agents: names })
  const room = await opened.rooms.room('kitchen')
  const heard = new Heard(room)
  const all = cleanup.move()
  return {
    ...opened,
    home,
    model,
    room,
    heard,
    /** A person posts, as the API does it. */
    post: async (author: string, text: string) => {
      const { message } = await room.post({ author, text })
      void opened.replies.posted(room, message)
      return message
    },
    /** `author: text` of each message. */
    texts: async (): Promise<string[]> =>
      (await room.list({ limit: 100 })).map(({ author, text }) => `${author}: ${text}`),
    live: async (): Promise<string[]> => (await readdir(join(home, 'rooms/.live'))).sort(),
    liveText: (reply: string): Promise<string> => readFile(join(home, 'rooms/.live', reply), 'utf8'),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** The parts of a backend that agents need. */
export async function openReplies(home: string, options: Partial<RepliesOptions> = {}) {
  await using cleanup = new AsyncDisposableStack()
  const database = openDatabase(home)
  cleanup.defer(() => database.close())
  const lines: string[] = []
  const log = (line: string): void => void lines.push(line)
  const rooms = cleanup.adopt(await Rooms.open({ home, database, log }), rooms => rooms.close())
  const agents = cleanup.adopt(await Agents.open({ home, log }), agents => agents.close())
  const clients = new Map<string, PortalClient>()
  const portal = (service: string): PortalClient => {
    const known = clients.get(service)
    if (known !== undefined) return known
    const client = clientsOpen.use(
      new PortalClient({ spool: join(home, 'portals'), service, user: 'tester' }),
    )
    clients.set(service, client)
    return client
  }
  const clientsOpen = cleanup.use(new AsyncDisposableStack())
  const uploads = await Uploads.open({ home, database, keepFree: 0 })
  const replies = new Replies({ rooms, agents, home, portal, uploads, log, ...options })
  cleanup.defer(() => replies.close(AbortSignal.timeout(5000)))
  await replies.recover()
  const all = cleanup.move()
  return { rooms, agents, replies, uploads, lines, [Symbol.asyncDispose]: () => all.disposeAsync() }
}
