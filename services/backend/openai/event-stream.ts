import type { FastifyReply } from 'fastify'
import { once } from 'node:events'

/** Server-sent events as OpenAI sends them: `data: {…}`, and `data: [DONE]` at the end. Begins with the first one. */
export class EventStream {
  readonly #reply: FastifyReply

  constructor(reply: FastifyReply) {
    this.#reply = reply
  }

  get begun(): boolean {
    return this.#reply.sent
  }

  /** Waits where the client reads more slowly; the next lines stay in the job's file meanwhile. */
  async send(event: unknown, signal: AbortSignal): Promise<void> {
    const { raw } = this.#reply
    if (!this.begun) this.#begin()
    if (!raw.write(`data: ${JSON.stringify(event)}\n\n`)) await once(raw, 'drain', { signal })
  }

  end(): void {
    if (!this.begun) this.#begin()
    this.#reply.raw.end('data: [DONE]\n\n')
  }

  /** What fails after the beginning is told as the last event. */
  fail(error: unknown): void {
    this.#reply.raw.end(`data: ${JSON.stringify(error)}\n\n`)
  }

  #begin(): void {
    this.#reply.hijack()
    const { raw } = this.#reply
    for (const [name, value] of Object.entries(this.#reply.getHeaders()))
      if (value !== undefined) raw.setHeader(name, value)
    raw.on('error', () => raw.destroy())
    raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
  }
}
