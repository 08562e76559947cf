import type { Agents } from '../chat/agents/agents.ts'
import { Replies } from '../chat/agents/replies.ts'
import type { DatabaseSync } from '../chat/database.ts'
import { Renderer } from '../chat/html/renderer.ts'
import { Rooms } from '../chat/rooms/rooms.ts'
import { Search } from '../chat/rooms/search.ts'
import { Uploads } from '../chat/rooms/uploads.ts'
import type { PortalClient } from '../portal/client.ts'
import { agentRoutes } from './api/agents.ts'
import { Changes } from './api/changes.ts'
import { fileRoutes } from './api/files.ts'
import { htmlRoutes } from './api/html.ts'
import type { Limits } from './api/limits.ts'
import { messageRoutes } from './api/messages.ts'
import { openApiRoute } from './api/openapi.ts'
import { roomRoutes } from './api/rooms.ts'
import type { Api } from './api/route.ts'
import { searchRoutes } from './api/search.ts'
import { StreamCount } from './api/stream-count.ts'
import { Streams } from './api/streams.ts'

export interface ChatOptions {
  readonly home: string
  readonly database: DatabaseSync
  readonly agents: Agents
  readonly portal: (service: string) => PortalClient
  readonly limits: Limits
}

export interface Chat {
  readonly api: Api
  readonly streams: Streams
  readonly changes: Changes
  close(signal: AbortSignal): Promise<void>
}

/** Opens the rooms of a home, with all that goes on in them, and puts them behind routes. */
export async function openChat(base: Omit<Api, 'rooms'>, options: ChatOptions): Promise<Chat> {
  const { home, database, agents, portal, limits } = options
  const { log, guard } = base
  await using opened = new AsyncDisposableStack()
  const rooms = opened.adopt(await Rooms.open({ home, database, log }), rooms => rooms.close())
  const search = opened.adopt(new Search({ home, rooms, log }), search => search.close())
  const renderer = opened.adopt(new Renderer(), renderer => renderer.close())
  const uploads = await Uploads.open({ home, database, limit: limits.upload })
  const replies = new Replies({ rooms, agents, home, portal, uploads, log })
  // Before the streams look who may still read.
  opened.defer(base.accounts.onChange(() => rooms.accountsChanged()))
  // Before anybody may post.
  await replies.recover()
  const api: Api = { ...base, rooms }
  const perUser = guard.mode === 'local' ? limits.connections : limits.streamsPerUser
  const count = new StreamCount(perUser)
  const changes = new Changes(api, count)
  opened.defer(agents.onChange(() => changes.tell('agents')))
  const streams = new Streams(api, {
    live: room => replies.live(room),
    count,
    onPresence: room => changes.tellOfRoom(room),
  })
  replies.pause = room => pauseFor(streams.readers(room))
  roomRoutes(api, {
    agents,
    replies,
    streams,
    uploads,
    roomsPerUser: limits.roomsPerUser,
    onRead: user => changes.tell('rooms', user),
  })
  messageRoutes(api, { agents, replies })
  fileRoutes(api, uploads, limits.uploadsPerUser)
  agentRoutes(api, agents)
  searchRoutes(api, search)
  htmlRoutes(api, renderer)
  openApiRoute(api)
  const all = opened.move()
  return {
    api,
    streams,
    changes,
    close: async signal => {
      // The replies first: what they keep is still told to the readers.
      await replies.close(signal)
      streams.close()
      changes.close()
      await all.disposeAsync()
    },
  }
}

/** Ms between two parts of a reply: with many readers each part is many messages, of some 10 µs each. */
function pauseFor(readers: number): number {
  return Math.min(200, 25 + readers / 50)
}
