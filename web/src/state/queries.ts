import { queryOptions, QueryClient } from '@tanstack/react-query'
import type {
  AgentFault,
  ListedAgent,
  Me,
  Models,
  RoomDetail,
  System,
  User,
} from '../../../services/backend/protocol.ts'
import type { RoomInfo } from '../../../services/chat/protocol.ts'
import { ApiError, call, roomPath } from './api.ts'

/**
 * What the server knows, asked once and kept; `/api/changes` says when to ask again (changes.ts). A refusal is an answer and
 * not asked again, a server that doesn't answer is.
 */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (_count, error) => error instanceof ApiError && error.problem.code === 'no_answer',
      retryDelay: attempt => Math.min(200 * 2 ** attempt, 2000),
      // A network that is gone doesn't concern a server on this machine.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
})

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => call<Me>('GET', '/api/whoami', { signal }),
})

export const roomsQuery = queryOptions({
  queryKey: ['rooms'],
  queryFn: ({ signal }) =>
    call<{ rooms: RoomInfo[] }>('GET', '/api/rooms?archived=true', { signal }).then(({ rooms }) => rooms),
})

export const roomQuery = (id: string) =>
  queryOptions({
    queryKey: ['rooms', id],
    queryFn: ({ signal }) => call<RoomDetail>('GET', roomPath(id), { signal }),
  })

export const agentsQuery = queryOptions({
  queryKey: ['agents'],
  queryFn: ({ signal }) =>
    call<{ agents: ListedAgent[]; problems: AgentFault[] }>('GET', '/api/agents', { signal }),
})

export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: ({ signal }) =>
    call<{ users: User[] }>('GET', '/api/users', { signal }).then(({ users }) => users),
})

/** Asked again while something is on its way, for its progress. */
export const modelsQuery = queryOptions({
  queryKey: ['models'],
  queryFn: ({ signal }) => call<Models>('GET', '/api/models', { signal }),
  refetchInterval: ({ state }) =>
    state.data?.models.some(({ state }) => ['fetching', 'loading', 'unloading'].includes(state.type)) === true
      ? 500
      : false,
})

export const systemQuery = queryOptions({
  queryKey: ['system'],
  queryFn: ({ signal }) => call<System>('GET', '/api/system', { signal }),
  refetchInterval: 2000,
})
