import {
  type ChatHistoryItem,
  type ChatModelFunctions,
  type ChatWrapper,
  LlamaChat,
  type LlamaContextSequence,
} from 'node-llama-cpp'
import { randomUUID } from 'node:crypto'
import { type ChatRequest, EngineError, type ToolCall } from '../../../core/engine.ts'
import { Generation, type Generator, type Result, roomFor, type Say } from './generation.ts'
import { historyOf } from './history.ts'
import { bendToLibrary } from './json-schema.ts'
import { samplingOf } from './sampling.ts'

/** The next message of a conversation. */
export async function chat(
  generator: Generator,
  request: ChatRequest,
  signal: AbortSignal,
  say: Say,
): Promise<Result> {
  const { model, sequences, grammars } = generator
  const generation = new Generation(say)
  const history = historyOf(request.messages)
  const functions = functionsOf(request)
  if (functions !== undefined && request.format !== undefined)
    throw new EngineError({ reason: 'unsupported', what: 'tools and format in one request' })
  const wrapper = wrapperOf(generator, request, functions)
  const { contextText } = wrapper.generateContextState({
    chatHistory: history,
    ...(functions === undefined ? {} : { availableFunctions: functions }),
  })
  const tokens = contextText.tokenize(model.tokenizer)
  const maxTokens = roomFor(generator, tokens.length, request.maxTokens)
  const grammar = request.format === undefined ? undefined : await grammars.of(request.format)
  return sequences.use(tokens, signal, async ({ sequence, place, cached }) => {
    generation.count(sequence.tokenMeter)
    const full = new AbortController()
    const shared = {
      ...samplingOf(request, generator.defaults),
      maxTokens,
      evaluationPriority: place,
      signal: AbortSignal.any([signal, full.signal]),
      contextShift: { strategy: () => endAtFullContext(full) },
      ...(request.stop === undefined ? {} : { customStopTriggers: request.stop }),
      onResponseChunk: ({ segmentType, text }: { segmentType: string | undefined; text: string }) =>
        generation.add(segmentType === undefined ? 'text' : 'thought', text),
    }
    const answer = await generate(sequence, wrapper, chat => {
      if (grammar !== undefined) return chat.generateResponse(history, { ...shared, grammar })
      if (functions !== undefined) {
        const onFunctionCallParamsChunk = (): void => generation.begin()
        return chat.generateResponse(history, { ...shared, functions, onFunctionCallParamsChunk })
      }
      return chat.generateResponse(history, shared)
    }).catch((error: unknown) => {
      if (full.signal.aborted && !signal.aborted) return undefined
      throw error
    })
    const calls: readonly ToolCall[] = (answer?.functionCalls ?? []).map(({ functionName, params }) => ({
      id: `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`,
      name: functionName,
      arguments: (params ?? {}) as Record<string, unknown>,
    }))
    if (calls.length > 0) {
      const result = generation.result('tool_calls', tokens.length, cached)
      return { ...result, toolCalls: [...calls] }
    }
    const ended = answer !== undefined && answer.metadata.stopReason !== 'maxTokens'
    return generation.result(ended ? 'stop' : 'length', tokens.length, cached)
  })
}

interface Answer {
  readonly functionCalls?: readonly { readonly functionName: string; readonly params: unknown }[] | undefined
  readonly metadata: { readonly stopReason: string }
}

async function generate(
  contextSequence: LlamaContextSequence,
  chatWrapper: ChatWrapper,
  run: (chat: LlamaChat) => Promise<Answer>,
): Promise<Answer> {
  const chat = new LlamaChat({ contextSequence, chatWrapper })
  try {
    return await run(chat)
  } finally {
    chat.dispose({ disposeSequence: false })
  }
}

/** The library would forget the start of the conversation and go on. What it asks for fits, so that it says nothing. */
function endAtFullContext(full: AbortController): { chatHistory: ChatHistoryItem[] } {
  full.abort(new Error('the context is full'))
  return { chatHistory: [{ type: 'model', response: [] }] }
}

function functionsOf({ tools, toolChoice }: ChatRequest): ChatModelFunctions | undefined {
  if (tools === undefined || tools.length === 0 || toolChoice === 'none') return undefined
  const entries = tools.map(({ name, description, parameters }) => [
    name,
    {
      ...(description === undefined ? {} : { description }),
      ...(parameters === undefined ? {} : { params: bendToLibrary(parameters, 'lenient') }),
    },
  ])
  return Object.fromEntries(entries) as ChatModelFunctions
}

/** With `toolChoice: required`, the model's answer begins inside of a call. */
function wrapperOf(
  { wrapper }: Generator,
  { toolChoice }: ChatRequest,
  functions: ChatModelFunctions | undefined,
): ChatWrapper {
  if (toolChoice !== 'required') return wrapper
  if (functions === undefined)
    throw new EngineError({ reason: 'bad_request', detail: 'toolChoice is required, and there are no tools' })
  const generateContextState: ChatWrapper['generateContextState'] = options => {
    const {
      contextText,
      stopGenerationTriggers,
      ignoreStartText = [],
    } = wrapper.generateContextState(options)
    const functionCall = { initiallyEngaged: true, disengageInitiallyEngaged: [] }
    return { contextText, stopGenerationTriggers, ignoreStartText, functionCall }
  }
  return Object.create(wrapper, { generateContextState: { value: generateContextState } }) as ChatWrapper
}
