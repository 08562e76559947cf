import { z } from 'zod'
import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { writeBb } from '../../services/chat/bb/write.ts'
import { type LiveReply, type Message, messageSchema } from '../../services/chat/protocol.ts'
import { chatNotes, chatProblems } from '../shared/chat-messages.ts'
import { StatusLine } from '../shared/status-line.ts'
import { type Backend, roomPath } from './backend.ts'
import { pageOf } from './page.ts'
import { roomStream } from './room-stream.ts'

const postedSchema = z.object({
  message: messageSchema,
  /** Who is going to answer. */
  answering: z.array(z.object({ reply: z.string(), agent: z.string() })),
})

export interface PostOptions {
  readonly room: string
  readonly text: string
  /** Not to wait for the answers. */
  readonly quick: boolean
  readonly json: boolean
}

/** Says something in a room, and writes what the agents answer to it. */
export async function post(backend: Backend, options: PostOptions, io: Io): Promise<number> {
  const { room, text, quick } = options
  const done = new AbortController()
  const { cursor } = await pageOf(backend, room, 1)
  const say = (): Promise<z.infer<typeof postedSchema>> =>
    backend.ask('POST', `${roomPath(room)}/messages`, postedSchema, { text, key: crypto.randomUUID() })
  if (quick) {
    const { message } = await say()
    if (options.json) io.stdout.write(`${JSON.stringify(message)}\n`)
    return exit.ok
  }
  using answers = new Answers(options, io)
  let read = cursor.offset
  // The stream comes first: an answer may be quicker than a second request.
  for await (const seen of roomStream(backend, room, cursor, AbortSignal.any([io.signal, done.signal]))) {
    switch (seen.type) {
      case 'hello':
        if (answers.posted === undefined) answers.begin(await say())
        else await answers.resume(seen.replies, backend)
        break
      case 'message':
        answers.message(seen.message, seen.reply)
        break
      case 'reply.started':
        answers.started(seen.reply)
        break
      case 'reply.ended':
        answers.ended(seen)
        break
      case 'gone':
        throw new ProblemError(chatProblems.gone(room))
      default:
    }
    if ('cursor' in seen) read = seen.cursor.offset
    if (!answers.isDone) continue
    done.abort()
    // All of it was written here.
    await backend.tell('PUT', `${roomPath(room)}/read`, { offset: Math.max(read, answers.posted?.end ?? 0) })
  }
  return io.signal.aborted ? exitCodeOf(String(io.signal.reason)) : answers.code
}

/** The answers that are waited for. */
class Answers implements Disposable {
  readonly #options: PostOptions
  readonly #io: Io
  readonly #status: StatusLine
  /** Agents by reply. */
  readonly #open = new Map<string, string>()
  posted: Message | undefined
  #isSingle = false
  code: number = exit.ok

  constructor(options: PostOptions, io: Io) {
    this.#options = options
    this.#io = io
    this.#status = new StatusLine(io.stderr)
  }

  get isDone(): boolean {
    return this.posted !== undefined && this.#open.size === 0
  }

  begin({ message, answering }: z.infer<typeof postedSchema>): void {
    this.posted = message
    for (const { reply, agent } of answering) this.#open.set(reply, agent)
    this.#isSingle = answering.length === 1
    if (this.#options.json) this.#write(message)
    else if (answering.length === 0) this.#io.stderr.write(`courante: ${chatNotes.nobodyWas()}\n`)
  }

  started(reply: string): void {
    const agent = this.#open.get(reply)
    if (agent !== undefined) this.#status.show(`${agent} writes`)
  }

  message(message: Message, reply: string | undefined): void {
    if (reply !== undefined && this.#open.has(reply)) this.#write(message)
  }

  ended({ reply, how, problem }: EndedReply): void {
    if (!this.#open.delete(reply)) return
    this.#status.show('')
    if (problem !== undefined) throw new ProblemError(chatProblems.refused(problem))
    if (how === 'interrupted' || how === 'failed') this.code = exit.failed
  }

  /** The backend was away: what ended meanwhile stands in the room, or was lost. */
  async resume(live: readonly LiveReply[], backend: Backend): Promise<void> {
    const { messages } = await pageOf(backend, this.#options.room, 100)
    const since = messages.filter(({ id }) => id > (this.posted?.id ?? 0))
    for (const [reply, agent] of this.#open) {
      if (live.some(other => other.reply === reply)) continue
      this.#open.delete(reply)
      const answer = since.find(({ author }) => author === agent)
      if (answer !== undefined) this.#write(answer)
      if (answer === undefined || answer.text.endsWith('\n[interrupted]')) this.code = exit.failed
    }
  }

  [Symbol.dispose](): void {
    this.#status.show('')
  }

  #write(message: Message): void {
    this.#status.show('')
    const { author, text } = message
    if (this.#options.json) this.#io.stdout.write(`${JSON.stringify(message)}\n`)
    else this.#io.stdout.write(this.#isSingle ? `${text}\n` : writeBb(author, text))
  }
}

interface EndedReply {
  readonly reply: string
  readonly how: string
  readonly problem?:
    | { readonly code: string; readonly title: string; readonly detail?: string | undefined }
    | undefined
}
