import { z } from 'zod'
import { agentSchema } from '../../chat/agents/agent.ts'
import type { Agents } from '../../chat/agents/agents.ts'
import { nameSchema } from '../../chat/protocol.ts'
import { apiProblems } from '../messages.ts'
import { agentFaultSchema, listedAgentSchema } from '../protocol.ts'
import { Refusal } from './refusal.ts'
import { route, type Api } from './route.ts'

const named = z.object({ name: z.string() })

/** Who can be invited into rooms without being a person. */
export function agentRoutes(api: Api, agents: Agents): void {
  route(
    api,
    {
      method: 'GET',
      path: '/api/agents',
      access: 'user',
      scope: 'rooms:read',
      summary: 'The agents that there are; admins are told about broken files, too',
      reply: z.object({
        agents: z.array(listedAgentSchema),
        problems: z.array(agentFaultSchema),
      }),
    },
    ({ who }) => ({
      agents: agents.list().map(agent => ({ ...agent, shipped: agents.isShipped(agent.name) })),
      problems:
        who.role === 'admin'
          ? agents
              .problems()
              .map(({ problem, agent }) => ({ problem, ...(agent === undefined ? {} : { agent }) }))
          : [],
    }),
  )
  route(
    api,
    {
      method: 'PUT',
      path: '/api/agents/:name',
      access: 'admin',
      summary: 'Make an agent, or write another file for it; it counts at once',
      params: z.object({ name: nameSchema }),
      body: agentSchema.omit({ name: true }),
      reply: listedAgentSchema,
    },
    async ({ params, body }) => {
      // Its messages would look like that person's.
      if (api.accounts.users.find(params.name) !== undefined)
        throw new Refusal(409, apiProblems.userHasName(params.name))
      const agent = await agents.save({ ...body, name: params.name })
      return { ...agent, shipped: false }
    },
  )
  route(
    api,
    {
      method: 'DELETE',
      path: '/api/agents/:name',
      access: 'admin',
      summary: "Remove an agent's file; one that ships is as it was again",
      params: named,
    },
    ({ params }) => agents.remove(params.name),
  )
}
