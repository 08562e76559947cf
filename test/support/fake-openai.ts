import type { IncomingMessage, ServerResponse } from 'node:http'
import { FakeEndpoint } from './fake-endpoint.ts'

export interface Asked {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
}

/** How a test wants a request answered. */
export type Answer = (response: ServerResponse, asked: Asked) => void | Promise<void>

/** Stands in for an OpenAI-compatible endpoint on the loopback. */
export class FakeOpenAi extends FakeEndpoint<Asked> {
  answer: Answer = (response, asked) => stream(response, [...wordsOf(asked), usage, end])

  static start(): Promise<FakeOpenAi> {
    return new FakeOpenAi().listen()
  }

  get url(): string {
    return `${this.origin}/v1`
  }

  protected override read({ url: path = '', headers }: IncomingMessage, body: Buffer): Asked {
    return { path, headers, body: JSON.parse(body.toString('utf8')) as Record<string, unknown> }
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
