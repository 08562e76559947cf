import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import type { Attachment } from '../../services/portal/client.ts'
import {
  type ChatMessage,
  generatedSchema,
  type Generated,
  type LlmRequestInput,
  textLineSchema,
} from '../../services/portal/llm-request.ts'
import { askNotes, coreProblems, textProblems } from '../shared/messages.ts'
import { runJob, type Settled } from '../shared/run-job.ts'
import { Answer } from './answer.ts'
import { sentWith } from './pictures.ts'

/** What stays the same from question to question. */
export type Manner = Omit<Extract<LlmRequestInput, { kind: 'chat' }>, 'kind' | 'messages'>

export interface Question {
  readonly manner: Manner
  readonly messages: readonly ChatMessage[]
  /** Files that they name. */
  readonly pictures: readonly Attachment[]
  readonly home: string
  readonly io: Io
}

/** services/portal/read-request.ts takes no more. */
const mostBytes = 1024 * 1024

/** Asks, and writes the answer as it comes. */
export async function ask(question: Question): Promise<Generated> {
  const { io, manner } = question
  using answer = new Answer(io)
  const result = await put(question, answer)
  if (!result.ok) throw new ProblemError(coreProblems.refused(result.error))
  const generated = generatedSchema.parse(result)
  answer.finish(generated.text)
  if (generated.finish === 'length' && manner.format !== undefined)
    throw new ProblemError(textProblems.halfJson())
  if (generated.finish === 'length' && manner.maxTokens === undefined) {
    io.stderr.write(`courante: ${askNotes.cutOff}\n`)
  }
  return generated
}

/** The result as it is, when it is whole. */
export function put({ manner, messages, pictures, home, io }: Question, answer?: Answer): Promise<Settled> {
  const request = { kind: 'chat', ...manner, messages: [...messages] } as const
  if (Buffer.byteLength(JSON.stringify(request)) > mostBytes) {
    throw new ProblemError(textProblems.tooLong('the question', '1 MiB'))
  }
  const files = sentWith(messages, pictures)
  return runJob(
    {
      service: 'llm',
      request,
      ...(files.length === 0 ? {} : { files }),
      ...(answer === undefined
        ? {}
        : {
            onLine: line => answer.add(textLineSchema.parse(line)),
            onRestart: () => answer.restart(),
          }),
    },
    { home, io },
  )
}
