import { randomUUID } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import type { Job } from '../../portal/client.ts'
import {
  type Generated,
  generatedSchema,
  type LlmRequestInput,
  type TextLine,
  textLineSchema,
} from '../../portal/llm-request.ts'
import { asRefusal, isExpected } from '../api/problem-reply.ts'
import type { Api } from '../api/route.ts'
import type { CoreJobs, Order } from '../core-job.ts'
import { log } from '../messages.ts'
import { openAiError } from './error.ts'
import { EventStream } from './event-stream.ts'

export interface Shape {
  /** What a whole answer is. */
  readonly whole: (answer: Generated, head: Head) => unknown
  /** What comes first, before any text. */
  readonly first?: (head: Head) => unknown
  /** Undefined: such a line has no place here. */
  readonly piece: (line: TextLine, head: Head) => unknown
  /** The last ones: why it ended, and what it took where that is wanted. */
  readonly last: (answer: Generated, head: Head) => readonly unknown[]
}

export interface Head {
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
}

export interface Asked {
  readonly request: LlmRequestInput
  readonly files: NonNullable<Order['files']>
  readonly stream: boolean
  readonly path: string
  /** Which one answers where none is named; a stream has to say it before core does. */
  readonly usual: string
}

/** Text of a model, whole or as it comes. Resolves with undefined where it was streamed. */
export async function generate(
  api: Api,
  jobs: CoreJobs,
  asked: Asked,
  shape: Shape,
  reply: FastifyReply,
): Promise<unknown> {
  const { request, files, stream, path } = asked
  const head = (model: string): Head => ({ id: randomUUID(), created: Math.floor(Date.now() / 1000), model })
  if (!stream) {
    const result = await jobs.run({ service: 'llm', request, files }, reply.raw)
    const answer = generatedSchema.parse(result)
    return shape.whole(answer, head(answer.model))
  }
  const events = new EventStream(reply)
  const streamed = head(request.model ?? asked.usual)
  try {
    const follow = (job: Job, signal: AbortSignal): Promise<void> =>
      tell(job, signal, events, shape, streamed)
    const result = await jobs.run({ service: 'llm', request, files, follow }, reply.raw)
    const answer = generatedSchema.parse(result)
    if (!events.begun && shape.first !== undefined) await events.send(shape.first(streamed))
    for (const event of shape.last(answer, streamed)) await events.send(event)
    events.end()
  } catch (error) {
    if (!events.begun) throw error
    if (!isExpected(error)) api.log(log.failed('POST', path, error))
    events.fail(openAiError(asRefusal(error)))
  }
  return undefined
}

async function tell(
  job: Job,
  signal: AbortSignal,
  events: EventStream,
  shape: Shape,
  head: Head,
): Promise<void> {
  /** Characters: what was sent, and where in the text we are, which differs after a restart of the engine. */
  const sent = { text: 0, thought: 0 }
  let at = { text: 0, thought: 0 }
  for await (const said of job.stream(signal, () => (at = { text: 0, thought: 0 }))) {
    const { type, text } = textLineSchema.parse(said)
    const news = text.slice(Math.max(0, sent[type] - at[type]))
    at[type] += text.length
    sent[type] = Math.max(sent[type], at[type])
    const piece = news === '' ? undefined : shape.piece({ type, text: news }, head)
    if (piece === undefined) continue
    if (!events.begun && shape.first !== undefined) await events.send(shape.first(head))
    await events.send(piece)
  }
}
