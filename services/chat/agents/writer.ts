import { randomInt } from 'node:crypto'
import type { Attachment, PortalClient } from '../../portal/client.ts'
import { pictureNames } from '../../portal/picture-names.ts'
import { agentProblems } from '../messages.ts'
import type { ApiProblem } from '../protocol.ts'
import type { Agent } from './agent.ts'
import { type Answer, apiProblem, ask } from './ask.ts'
import { type Context, contextFor } from './context.ts'
import { lookAtCore } from './core-look.ts'
import { type RoomFiles, withFiles } from './files.ts'
import type { EndReason, Reply } from './reply.ts'
import type { RoomLine } from './room-line.ts'
import { viewOf } from './room-view.ts'
import { perPicture, promptTokens, Sizes } from './sizes.ts'

/** How often a prompt that was too long is cut and asked again. */
const mostCuts = 3

const mostBytes = 500_000
/** A request file may have 1 MiB with all that it says beside the messages; JSON writes some characters as two, and some as six. */
const mostJson = 1_000_000

/** The last ones of the talk: each takes as much of the context as a page of text. */
const mostPictures = 4
/** Texts of files, for each model however much it holds. */
const mostFileBytes = 96 * 1024

/** How an answer ended, and what came of it. */
export type End =
  | { readonly how: 'done' | EndReason; readonly text: string }
  | { readonly how: 'failed'; readonly text: string; readonly problem: ApiProblem }

/** Has the models write: what they are asked, in which size, and what they say. */
export class Writer {
  readonly #home: string
  readonly #portal: (service: string) => PortalClient
  readonly #uploads: RoomFiles
  readonly #comebackMs: number
  readonly #sizes = new Sizes()

  constructor(options: {
    home: string
    portal: (service: string) => PortalClient
    uploads: RoomFiles
    comebackMs: number
  }) {
    this.#home = options.home
    this.#portal = options.portal
    this.#uploads = options.uploads
    this.#comebackMs = options.comebackMs
  }

  async write(reply: Reply, agent: Agent, line: Pick<RoomLine, 'room' | 'answers'>): Promise<End> {
    const { id, replaces } = reply.plan
    const service = agent.portal ?? 'llm'
    const key = `${service}/${agent.model ?? ''}`
    // To a service of somebody else's, pictures are not sent.
    let pictures = agent.portal === undefined ? mostPictures : 0
    const unseen = new Set<string>()
    for (let cuts = 0, tries = 0; cuts <= mostCuts; tries++) {
      // Too long once more: the measure was not quite right.
      const context = await this.#context(reply, { agent, key, line, part: 0.85 ** cuts, pictures, unseen })
      if (!context.fits) break
      const { messages, speakers, bytes, files } = context
      // An id that was answered is not to be used again.
      const job = tries === 0 ? id : `${id}.${tries}`
      if (tries > 0) reply.note({ job })
      const seed = replaces === undefined ? undefined : randomInt(2 ** 32)
      const answer = await ask(
        { job, agent, messages, files, speakers, seed },
        {
          portal: this.#portal(service),
          service,
          home: this.#home,
          signal: reply.signal,
          comebackMs: this.#comebackMs,
          onText: text => reply.show(text),
        },
      )
      if (answer.type === 'blind') {
        pictures = 0
        continue
      }
      if (answer.type === 'unseen') {
        unseen.add(answer.picture)
        continue
      }
      // How many tokens a picture took, nobody has said.
      const prompt = { bytes: files.length > 0 ? 0 : bytes, messages: messages.length }
      if (answer.type !== 'too long') {
        if (answer.type === 'said' && answer.promptTokens !== undefined)
          this.#sizes.learn(key, { ...prompt, tokens: answer.promptTokens })
        return endOf(answer, reply, agent)
      }
      this.#sizes.learn(key, { ...prompt, tokens: answer.tokens }, answer.context)
      cuts++
      pictures >>= 1
    }
    return { how: 'failed', text: '', problem: apiProblem(agentProblems.tooLong(agent.name)) }
  }

  async #context(
    { plan }: Reply,
    about: {
      agent: Agent
      key: string
      line: Pick<RoomLine, 'room' | 'answers'>
      part: number
      pictures: number
      unseen: ReadonlySet<string>
    },
  ): Promise<Context & { files: readonly Attachment[] }> {
    const { agent, key, line, part, unseen } = about
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
    const { messages, attachments } = await withFiles(view.messages, this.#uploads, {
      room: line.room.id,
      own: agent.name,
      bytes: Math.min(mostFileBytes, bytes / 2),
      pictures: core?.seesOf(agent.model) === false ? 0 : about.pictures,
      unseen,
    })
    // Half of it is for words, whatever pictures take.
    const words = Math.max(tokens - perPicture * attachments.length, tokens / 2)
    const within = (tokens: number): Context =>
      contextFor({ agent, ...view, messages, tokens, bytesPerToken })
    let asked = within(words)
    for (let less = words / 2; asked.fits && jsonBytes(asked) > mostJson; less /= 2) asked = within(less)
    const named = new Set(pictureNames(asked.messages))
    return { ...asked, files: attachments.filter(({ name }) => named.has(name)) }
  }
}

function jsonBytes({ messages }: Context): number {
  return Buffer.byteLength(JSON.stringify(messages))
}

function endOf(
  answer: Exclude<Answer, { type: 'too long' | 'blind' | 'unseen' }>,
  { signal }: Reply,
  agent: Agent,
): End {
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
