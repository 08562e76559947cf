import type { ListedAgent } from '../../../../services/backend/protocol.ts'
import { call } from '../api.ts'
import { queries } from '../queries.ts'

/** All that an agent's file says but its name: what `PUT /api/agents/:name` takes. */
export type AgentBody = Omit<ListedAgent, 'name' | 'shipped'>

/** The same agent with another model; undefined: this machine's choice. */
export function withModel(agent: ListedAgent, model?: string): AgentBody {
  const { name: _, shipped: __, model: ___, ...rest } = agent
  return { ...rest, ...(model === undefined ? {} : { model }) }
}

export async function saveAgent(name: string, body: AgentBody): Promise<void> {
  await call('PUT', `/api/agents/${encodeURIComponent(name)}`, { body })
  await queries.invalidateQueries({ queryKey: ['agents'] })
}

/** One that ships is as it was again. */
export async function removeAgent(name: string): Promise<void> {
  await call('DELETE', `/api/agents/${encodeURIComponent(name)}`)
  await queries.invalidateQueries({ queryKey: ['agents'] })
}
