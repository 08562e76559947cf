import type { ChatRequest, CompleteRequest, Generated, TextLine } from '../../../core/engine.ts'
import { EngineError } from '../../../core/engine.ts'
import type { Endpoint } from '../../shared/endpoint.ts'
import type { Pictures } from '../pictures.ts'
import { formatOf, messagesOf, parametersOf, toolsOf } from './messages.ts'
import { Reply } from './reply.ts'
import { sseData } from './sse.ts'

type Say = (line: TextLine) => void
type Result = Omit<Generated, 'model'>

export function chat(
  endpoint: Endpoint,
  { request, pictures }: { readonly request: ChatRequest; readonly pictures: Pictures },
  signal: AbortSignal,
  say: Say,
): Promise<Result> {
  const body = { messages: messagesOf(request.messages, pictures), ...toolsOf(request) }
  return generate(endpoint, 'chat/completions', { ...body, ...common(request) }, signal, say)
}

export function complete(
  endpoint: Endpoint,
  request: CompleteRequest,
  signal: AbortSignal,
  say: Say,
): Promise<Result> {
  return generate(endpoint, 'completions', { prompt: request.prompt, ...common(request) }, signal, say)
}

function common(request: ChatRequest | CompleteRequest): Record<string, unknown> {
  return { ...parametersOf(request), ...formatOf(request) }
}

async function generate(
  endpoint: Endpoint,
  path: string,
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  say: Say,
): Promise<Result> {
  const reply = new Reply(endpoint, say)
  const stream = await open(endpoint, path, { model: endpoint.model, ...body, stream: true }, signal)
  try {
    for await (const data of sseData(stream)) {
      signal.throwIfAborted()
      if (data.trim() === '[DONE]') return reply.result()
      reply.take(data)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw endpoint.cut(error)
  }
  if (!reply.finished)
    throw endpoint.failure({ fault: 'bad_answer', detail: 'its answer ended in the middle' })
  return reply.result()
}

/** Asks for the usage, too; some older servers refuse what they do not know, and are asked again without it. */
async function open(
  endpoint: Endpoint,
  path: string,
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<AsyncIterable<Buffer>> {
  try {
    return await endpoint.post(path, { ...body, stream_options: { include_usage: true } }, signal)
  } catch (error) {
    if (!(error instanceof EngineError) || error.failure.reason !== 'remote') throw error
    const { status, detail } = error.failure
    const refused = status === 400 || status === 422
    if (!refused || !/stream_options|include_usage/.test(detail)) throw error
    return endpoint.post(path, body, signal)
  }
}
