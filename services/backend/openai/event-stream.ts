import type { FastifyReply } from 'fastify'
import { begin, drained } from '../begin.ts'

/** Server-sent events as OpenAI sends them: `data: {…}`, and `data: [DONE]` at the end. Begins with the first one. */
export class EventStream {
  readonly #reply: FastifyReply

  constructor(reply: FastifyReply) {
    this.#reply = reply
  }

  get begun(): boolean {
    return this.#reply.sent
  }

  /** The next lines stay in the job's file while the client reads. */
  async send(event: unknown): Promise<void> {
    this.#write(`data: ${JSON.stringify(event)}\n\n`)
    await drained(this.#reply.raw)
  }

  end(): void {
    this.#write('data: [DONE]\n\n')
    this.#reply.raw.end()
  }

  /** What fails after the beginning is told as the last event. */
  fail(error: unknown): void {
    this.#reply.raw.end(`data: ${JSON.stringify(error)}\n\n`)
  }

  #write(text: string): void {
    if (!this.begun) begin(this.#reply, 'text/event-stream; charset=utf-8')
    this.#reply.raw.write(text)
  }
}
