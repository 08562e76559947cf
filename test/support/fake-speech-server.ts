import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { encodeWav } from '../../lib/wav.ts'

export interface SpeechAsked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Byte by byte, as it came. */
  readonly body: string
}

/** How a test wants a request answered. */
export type SpeechAnswer = (response: ServerResponse, asked: SpeechAsked) => void | Promise<void>

/** So much sound for each character. */
export const samplesPerCharacter = 100
export const speechRate = 24_000

/** Stands in for an endpoint that speaks, on the loopback: a WAV file whose length is that of the text. */
export class FakeSpeechServer implements AsyncDisposable {
  readonly asked: SpeechAsked[] = []
  answer: SpeechAnswer = usualSpeech
  readonly #server = createServer((request, response) => void this.#take(request, response))

  static async start(): Promise<FakeSpeechServer> {
    const fake = new FakeSpeechServer()
    fake.#server.listen(0, '127.0.0.1')
    await once(fake.#server, 'listening')
    return fake
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
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

export const usualSpeech: SpeechAnswer = (response, asked) => giveSpeech(response, speechOf(wordsOf(asked)))

/** What a request wants spoken. */
export function wordsOf({ body }: SpeechAsked): string {
  return (JSON.parse(body) as { input: string }).input
}

export function speechOf(text: string, sampleRate = speechRate): Buffer {
  const samples = Float32Array.from({ length: text.length * samplesPerCharacter }, (_, i) =>
    Math.sin((i * 2 * Math.PI * 440) / sampleRate),
  )
  return encodeWav(samples, sampleRate)
}

export function giveSpeech(response: ServerResponse, bytes: string | Buffer, type = 'audio/wav'): void {
  response.writeHead(200, { 'content-type': type })
  response.end(bytes)
}
