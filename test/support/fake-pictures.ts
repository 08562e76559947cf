import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { png } from './png.ts'

/** A PNG file of one grey, which the seed decides. */
export function fakePng(width: number, height: number, seed: number): Buffer {
  const grey = seed & 0xff
  return png(width, height, [grey, grey, grey])
}

/** The start of a JPEG file. */
export const fakeJpeg = Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex')

export interface PictureAsked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Byte by byte, as it came. */
  readonly body: string
}

/** How a test wants a request answered. */
export type PictureAnswer = (response: ServerResponse, asked: PictureAsked) => void | Promise<void>

/** Stands in for a server of pictures elsewhere, on the loopback; its test says what it answers. */
export class FakePictures implements AsyncDisposable {
  readonly asked: PictureAsked[] = []
  answer: PictureAnswer = response => say(response, 404, { detail: 'Not Found' })
  readonly #server = createServer((request, response) => void this.#take(request, response))

  static async start(): Promise<FakePictures> {
    const fake = new FakePictures()
    fake.#server.listen(0, '127.0.0.1')
    await once(fake.#server, 'listening')
    return fake
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url: path = '', headers } = request
    const asked = { method, path, headers, body: Buffer.concat(chunks).toString('utf8') }
    this.asked.push(asked)
    await this.answer(response, asked)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

export function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
