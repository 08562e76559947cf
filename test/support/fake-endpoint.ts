import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it came. */
export interface RawAsked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Byte by byte. */
  readonly body: string
}

/** Stands in for a server elsewhere, on the loopback; its test says what it answers. */
export abstract class FakeEndpoint<Asked> implements AsyncDisposable {
  readonly asked: Asked[] = []
  abstract answer: (response: ServerResponse, asked: Asked) => unknown
  readonly #server = createServer((request, response) => void this.#take(request, response))

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  /** What it throws is answered by `refuse`. */
  protected abstract read(request: IncomingMessage, body: Buffer): Asked

  protected refuse(_response: ServerResponse, error: unknown): void {
    throw error
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    try {
      const asked = this.read(request, Buffer.concat(chunks))
      this.asked.push(asked)
      await this.answer(response, asked)
    } catch (error) {
      this.refuse(response, error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

export function rawAsked({ method = '', url: path = '', headers }: IncomingMessage, body: Buffer): RawAsked {
  return { method, path, headers, body: body.toString('utf8') }
}
