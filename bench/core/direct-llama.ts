import {
  getLlama,
  LlamaChat,
  LlamaCompletion,
  type LlamaContextSequence,
  resolveChatWrapper,
} from '../../services/engines/node_modules/node-llama-cpp/dist/index.js'
import type { Ask, Asked } from './subject.ts'

/**
 * node-llama-cpp, called as its documentation does, in a process of its own. Arguments: the model's file, threads, sequences,
 * context size. Each message is an `Ask`; the answer is an `Asked`.
 */
const [path = '', threads = '1', sequences = '8', contextSize = '1024'] = process.argv.slice(2)
const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, maxThreads: Number(threads) })
const model = await llama.loadModel({ modelPath: path })
const context = await model.createContext({
  contextSize: Number(contextSize),
  sequences: Number(sequences),
  threads: Number(threads),
})
// Once: for the first chat it takes a quarter of a second.
const chatWrapper = resolveChatWrapper(model)
const free = Array.from({ length: Number(sequences) }, () => context.getSequence())

process.on('message', (ask: Ask) => {
  void answer(ask).then(asked => process.send?.(asked))
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')

async function answer(ask: Ask): Promise<Asked> {
  const sequence = free.pop()
  if (sequence === undefined) throw new Error('too many at once')
  await sequence.clearHistory()
  const began = performance.now()
  let firstMs: number | undefined
  let text = ''
  const before = sequence.tokenMeter.usedOutputTokens
  const onTextChunk = (chunk: string): void => {
    firstMs ??= performance.now() - began
    text += chunk
  }
  await (ask.kind === 'chat' ? chat(sequence, ask, onTextChunk) : complete(sequence, ask, onTextChunk))
  const totalMs = performance.now() - began
  free.push(sequence)
  const tokens = sequence.tokenMeter.usedOutputTokens - before
  return { id: ask.id, firstMs: firstMs ?? totalMs, totalMs, text, tokens }
}

async function complete(
  contextSequence: LlamaContextSequence,
  { prompt, tokens }: Ask,
  onTextChunk: (chunk: string) => void,
): Promise<void> {
  const completion = new LlamaCompletion({ contextSequence })
  await completion.generateCompletion(prompt, { maxTokens: tokens, temperature: 0, onTextChunk })
  completion.dispose({ disposeSequence: false })
}

async function chat(
  contextSequence: LlamaContextSequence,
  { prompt, tokens }: Ask,
  onTextChunk: (chunk: string) => void,
): Promise<void> {
  const chat = new LlamaChat({ contextSequence, chatWrapper })
  const history = [
    { type: 'user', text: prompt },
    { type: 'model', response: [] },
  ] as const
  await chat.generateResponse(history as never, {
    maxTokens: tokens,
    temperature: 0,
    repeatPenalty: false,
    onTextChunk,
  })
  chat.dispose({ disposeSequence: false })
}
