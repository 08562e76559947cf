import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { Problem } from '../../../lib/problem.ts'
import type { Attachment, Job, PortalClient } from '../../portal/client.ts'
import { type ChatMessage, type LlmRequestInput, textLineSchema } from '../../portal/llm-request.ts'
import type { JobError, Result } from '../../portal/request.ts'
import { agentProblems } from '../messages.ts'
import type { ApiProblem } from '../protocol.ts'
import type { Agent } from './agent.ts'
import { AnswerText } from './answer-text.ts'
import { lookAtCore } from './core-look.ts'

/** The job of a backend that is gone for good ends by then. */
const deadlineMs = 3_600_000
/** A withdrawn job may take so long to say so; the portal's sweep clears up after those that take longer. */
const withdrawMs = 2000
/** What a request may have; names in a file that somebody wrote may be of any length. */
const mostStops = 16
const longestName = 100

export interface Question {
  readonly job: string
  readonly agent: Agent
  readonly messages: ChatMessage[]
  /** Pictures that the messages name, the newest first. */
  readonly files: readonly Attachment[]
  /** Others who might be spoken for. */
  readonly speakers: readonly string[]
  readonly seed: number | undefined
}

export interface AskOptions {
  readonly portal: PortalClient
  readonly service: string
  readonly home: string
  readonly signal: AbortSignal
  /** A core that was killed is started again, and takes its work up; this long is waited for that. */
  readonly comebackMs: number
  readonly onText: (text: string) => void
}

export type Answer =
  /** `promptTokens` as the engine counted them. */
  | { readonly type: 'said'; readonly text: string; readonly promptTokens: number | undefined }
  /** The signal aborted, or somebody withdrew the job at the portal. */
  | { readonly type: 'ended'; readonly text: string }
  | { readonly type: 'too long'; readonly tokens: number; readonly context: number }
  /** It was asked with pictures, and its model does not see. */
  | { readonly type: 'blind' }
  /** One of the pictures is damaged, or gone: the name of its attachment. */
  | { readonly type: 'unseen'; readonly picture: string }
  | { readonly type: 'failed'; readonly text: string; readonly problem: ApiProblem }

/** Has a model answer, and shows what it says as it comes. The job is withdrawn where its result is of no use any more. */
export async function ask(question: Question, options: AskOptions): Promise<Answer> {
  const { agent, speakers } = question
  const { portal, service, signal } = options
  const answer = new AnswerText(agent.name, speakers)
  const failed = (problem: ApiProblem): Answer => ({ type: 'failed', text: answer.whole, problem })
  let job: Job
  try {
    const deadline = new Date(Date.now() + deadlineMs)
    const files = question.files.length === 0 ? {} : { files: question.files }
    job = await portal.submit(requestOf(question), { id: question.job, deadline, signal, ...files })
  } catch (error) {
    if (signal.aborted) return { type: 'ended', text: '' }
    const { code, path } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const removed = code === 'ENOENT' ? question.files.find(({ from }) => from === path) : undefined
    if (removed !== undefined) return { type: 'unseen', picture: removed.name }
    return failed(apiProblem(agentProblems.notSubmitted(code)))
  }
  using gone = service === 'llm' ? whenCoreIsGone(job, options) : undefined
  const ends = gone === undefined ? signal : AbortSignal.any([signal, gone.signal])
  let result: Result | undefined
  try {
    result = await read(job, answer, { signal: ends, onText: options.onText })
  } catch (error) {
    if (!ends.aborted) throw error
  } finally {
    if (result === undefined) await withdraw(job)
  }
  if (signal.aborted) return { type: 'ended', text: answer.whole }
  if (gone?.signal.aborted === true) return failed(apiProblem(agentProblems.coreGone()))
  // It was cut short: nothing that came after would have been shown.
  if (result === undefined) return { type: 'said', text: answer.whole, promptTokens: undefined }
  const [newest] = question.files
  if (!result.ok && newest !== undefined) {
    const { code, message } = result.error
    if (code === 'unsupported') return { type: 'blind' }
    // Their names are random: who says one means it. A service that names none, or several, is asked without the newest.
    const named = question.files.filter(({ name }) => message.includes(name))
    if (code === 'bad_image') return { type: 'unseen', picture: (named[0] ?? newest).name }
  }
  if (!result.ok) return refused(result.error, answer, failed)
  const said = saidSchema.safeParse(result)
  if (!said.success) return failed(apiProblem(agentProblems.badAnswer(agent.name, service)))
  // The result counts, also where nothing was streamed.
  answer.restart()
  answer.add({ type: 'thought', text: said.data.thought })
  answer.add({ type: 'text', text: said.data.text })
  return { type: 'said', text: answer.whole, promptTokens: said.data.usage?.promptTokens }
}

/** Asks for its end, and collects what comes of it if that is soon. */
export async function withdraw(job: Job): Promise<void> {
  if (!job.isEnded()) await job.cancel()
  // Nobody waits for it but the folder that is to be cleared away.
  job
    .wait(AbortSignal.timeout(withdrawMs))
    .catch(() => undefined)
    .finally(() => job[Symbol.dispose]())
}

export function apiProblem({ code, what, todo }: Problem): ApiProblem {
  return { code, title: what, status: 503, ...(todo === undefined ? {} : { detail: todo }) }
}

/** What a service has to answer; all else that ours says may be missing. */
const saidSchema = z.object({
  text: z.string(),
  thought: z.string().default(''),
  usage: z.object({ promptTokens: z.number() }).optional().catch(undefined),
})

function requestOf({ agent, messages, speakers, seed }: Question): LlmRequestInput {
  const { model, temperature, max_tokens: maxTokens } = agent
  const stop = speakers
    .filter(name => name.length <= longestName)
    .slice(0, mostStops)
    .map(name => `\n${name}:`)
  return {
    kind: 'chat',
    messages,
    ...(model === undefined ? {} : { model }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop.length === 0 ? {} : { stop }),
  }
}

/** Undefined: it says what nobody wants any more. */
async function read(
  job: Job,
  answer: AnswerText,
  { signal, onText }: Pick<AskOptions, 'signal' | 'onText'>,
): Promise<Result | undefined> {
  // The engine ended, and another one says it all anew.
  for await (const line of job.stream(signal, () => answer.restart())) {
    const said = textLineSchema.safeParse(line)
    if (!said.success) continue
    answer.add(said.data)
    if (answer.isOver) return undefined
    onText(answer.shown)
  }
  return await job.wait(signal)
}

function refused(error: JobError, answer: AnswerText, failed: (problem: ApiProblem) => Answer): Answer {
  const { tokens, context } = error.facts ?? {}
  if (error.code === 'context_too_long' && tokens !== undefined && context !== undefined)
    return { type: 'too long', tokens, context }
  if (error.code === 'cancelled') return { type: 'ended', text: answer.whole }
  const { code, message: what, todo } = error
  return failed({ code, title: what, status: 503, ...(todo === undefined ? {} : { detail: todo }) })
}

/** Aborts when core was gone for too long and the job is not done. */
function whenCoreIsGone(job: Job, { home, comebackMs }: AskOptions): Disposable & { signal: AbortSignal } {
  const gone = new AbortController()
  const over = new AbortController()
  const watch = async (): Promise<void> => {
    for (let lastSeen = performance.now(); ;) {
      await delay(Math.min(1000, comebackMs / 4), undefined, { signal: over.signal, ref: false })
      if (job.isEnded() || (await lookAtCore(home)).lives) lastSeen = performance.now()
      else if (performance.now() - lastSeen > comebackMs) return gone.abort()
    }
  }
  watch().catch((error: unknown) => {
    if (!over.signal.aborted) gone.abort(error)
  })
  return { signal: gone.signal, [Symbol.dispose]: () => over.abort() }
}
