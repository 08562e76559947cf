import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
}

/** How a test wants a request answered. */
export type Answer = (response: ServerResponse, asked: Asked) => void | Promise<void>

/** Stands in for an OpenAI-compatible endpoint on the loopback. */
export class FakeOpenAi implements AsyncDisposable {
  readonly asked: Asked[] = []
  answer: Answer = (response, asked) => stream(response, [...wordsOf(asked), usage, end])
  readonly #server = createServer((request, response) => void this.#take(request, response))

  static async start(): Promise<FakeOpenAi> {
    const fake = new FakeOpenAi()
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
    const text = Buffer.concat(chunks).toString('utf8')
    const asked = {
      path: request.url ?? '',
      headers: request.headers,
      body: JSON.parse(text) as Record<string, unknown>,
    }
    this.asked.push(asked)
    await this.answer(response, asked)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

export const usage = {
  choices: [],
  usage: { prompt_tokens: 9, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } },
}
export const end = '[DONE]'

/** A chunk of chat/completions. */
export function delta(delta: Record<string, unknown>, finish_reason: string | null = null): unknown {
  return { choices: [{ index: 0, delta, finish_reason }] }
}

export function stream(response: ServerResponse, chunks: readonly unknown[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const chunk of chunks)
    response.write(`data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`)
  response.end()
}

export function refuse(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, headers)
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Says its prompt again. */
function wordsOf({ path, body }: Asked): unknown[] {
  if (path.endsWith('/chat/completions')) {
    const messages = body['messages'] as { content: string }[]
    const words = (messages.at(-1)?.content ?? '').split(/(?= )/)
    return [...words.map(content => delta({ content })), delta({}, 'stop')]
  }
  return [{ choices: [{ text: String(body['prompt']), finish_reason: 'stop' }] }]
}
