import { randomInt } from 'node:crypto'
import type { PortalClient } from '../../portal/client.ts'
import { agentProblems } from '../messages.ts'
import type { ApiProblem } from '../protocol.ts'
import type { Agent } from './agent.ts'
import { type Answer, apiProblem, ask } from './ask.ts'
import { type Context, contextFor } from './context.ts'
import { lookAtCore } from './core-look.ts'
import type { EndReason, Reply } from './reply.ts'
import type { RoomLine } from './room-line.ts'
import { viewOf } from './room-view.ts'
import { promptTokens, Sizes } from './sizes.ts'

/** How often a prompt that was too long is cut and asked again. */
const mostCuts = 3

/** A request file may have 1 MiB, and JSON writes some characters as two. */
const mostBytes = 500_000

/** How an answer ended, and what came of it. */
export type End =
  | { readonly how: 'done' | EndReason; readonly text: string }
  | { readonly how: 'failed'; readonly text: string; readonly problem: ApiProblem }

/** Has the models write: what they are asked, in which size, and what they say. */
export class Writer {
  readonly #home: string
  readonly #portal: (service: string) => PortalClient
  readonly #comebackMs: number
  readonly #sizes = new Sizes()

  constructor(options: { home: string; portal: (service: string) => PortalClient; comebackMs: number }) {
    this.#home = options.home
    this.#portal = options.portal
    this.#comebackMs = options.comebackMs
  }

  async write(reply: Reply, agent: Agent, line: Pick<RoomLine, 'room' | 'answers'>): Promise<End> {
    const { id, replaces } = reply.plan
    const service = agent.portal ?? 'llm'
    const key = `${service}/${agent.model ?? ''}`
    for (let cuts = 0; cuts <= mostCuts; cuts++) {
      // Too long once more: the measure was not quite right.
      const context = await this.#context(reply, { agent, key, line, part: 0.85 ** cuts })
      if (!context.fits) break
      const { messages, speakers, bytes } = context
      // An id that was answered is not to be used again.
      const job = cuts === 0 ? id : `${id}.${cuts}`
      if (cuts > 0) reply.note({ job })
      const seed = replaces === undefined ? undefined : randomInt(2 ** 32)
      const answer = await ask(
        { job, agent, messages, speakers, seed },
        {
          portal: this.#portal(service),
          service,
          home: this.#home,
          signal: reply.signal,
          comebackMs: this.#comebackMs,
          onText: text => reply.show(text),
        },
      )
      const prompt = { bytes, messages: messages.length }
      if (answer.type !== 'too long') {
        if (answer.type === 'said' && answer.promptTokens !== undefined)
          this.#sizes.learn(key, { ...prompt, tokens: answer.promptTokens })
        return endOf(answer, reply, agent)
      }
      this.#sizes.learn(key, { ...prompt, tokens: answer.tokens }, answer.context)
    }
    return { how: 'failed', text: '', problem: apiProblem(agentProblems.tooLong(agent.name)) }
  }

  async #context(
    { plan }: Reply,
    about: { agent: Agent; key: string; line: Pick<RoomLine, 'room' | 'answers'>; part: number },
  ): Promise<Context> {
    const { agent, key, line, part } = about
    const { context, bytesPerToken } = this.#sizes.of(key)
    const core = agent.portal === undefined ? await lookAtCore(this.#home) : undefined
    const limits = {
      context: core?.contextOf(agent.model) ?? context,
      wanted: agent.context.tokens,
      maxTokens: agent.max_tokens,
    }
    const tokens = Math.min(promptTokens(limits) * part, mostBytes / bytesPerToken)
    const bytes = tokens * bytesPerToken
    const view = await viewOf(line.room, plan, { agent, bytes, answers: line.answers })
    return contextFor({ agent, ...view, tokens, bytesPerToken })
  }
}

function endOf(answer: Exclude<Answer, { type: 'too long' }>, { signal }: Reply, agent: Agent): End {
  switch (answer.type) {
    case 'said':
      return answer.text === ''
        ? { how: 'failed', text: '', problem: apiProblem(agentProblems.saidNothing(agent.name)) }
        : { how: 'done', text: answer.text }
    case 'ended':
      return { how: signal.aborted ? (signal.reason as EndReason) : 'stopped', text: answer.text }
    case 'failed':
      return { how: 'failed', text: answer.text, problem: answer.problem }
  }
}
