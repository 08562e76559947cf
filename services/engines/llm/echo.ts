import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { runMain } from '../../../lib/io.ts'
import { type Engine, EngineError, type EngineJob, type EngineRequest } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'

/** What a test wants of it. */
const settingsSchema = z.object({
  parallel: z.number().int().positive().default(4),
  loadMs: z.number().min(0).default(0),
  /** Before each word. */
  delayMs: z.number().min(0).default(0),
  /** Memory that it holds, in MB. */
  megabytes: z.number().int().min(0).default(0),
  /** Memory that it says it has on the card, where it may use one, in MB. */
  gpuMegabytes: z.number().int().min(0).default(0),
  /** Its load fails with these words; on a card only; there, its process ends. */
  failLoad: z.string().optional(),
  failOnCard: z.string().optional(),
  crashOnCard: z.boolean().default(false),
  // A word in the prompt with which its process ends at once, hangs with all that it does, or goes on when cancelled.
  crashOn: z.string().optional(),
  hangOn: z.string().optional(),
  disobeyOn: z.string().optional(),
  /** A word with which the job fails, and the process goes on. */
  failOn: z.string().optional(),
})
type Settings = z.infer<typeof settingsSchema>

/** No model: it says again what it was told, word by word. For tests of all that lies around an engine. */
export const echo: Engine = {
  async load({ model, gpu, gpuBytes, onProgress }) {
    const parsed = settingsSchema.safeParse(model.settings)
    if (!parsed.success)
      throw new EngineError({ reason: 'bad_settings', detail: z.prettifyError(parsed.error) })
    const settings = parsed.data
    onProgress(0)
    if (settings.loadMs > 0) await delay(settings.loadMs)
    if (settings.failLoad !== undefined)
      throw new EngineError({ reason: 'bad_model', detail: settings.failLoad })
    if (gpu && settings.crashOnCard) process.exit(9)
    if (gpu && settings.failOnCard !== undefined)
      throw new EngineError({ reason: 'out_of_memory', detail: settings.failOnCard })
    const ballast = Buffer.alloc(settings.megabytes * 1_000_000, 1)
    onProgress(1)
    return {
      parallel: settings.parallel,
      facts: { ballast: ballast.length, ...(gpu ? { mayUse: gpuBytes ?? 0 } : {}) },
      ...(gpu ? { gpuMemory: async () => Promise.resolve({ gpu: settings.gpuMegabytes * 1_000_000 }) } : {}),
      run: job => answer(job, settings),
    }
  },
}

async function answer(job: EngineJob, settings: Settings): Promise<Record<string, unknown>> {
  const { request, signal } = job
  const started = performance.now()
  if (request.kind === 'embed')
    return { embeddings: request.input.map(() => [1]), usage: { promptTokens: request.input.length } }
  const prompt = promptOf(request)
  obey(prompt, settings)
  const words = (prompt.match(/\s*\S+\s*$|\s*\S+/g) ?? []).slice(0, maxTokensOf(request))
  let firstToken: number | undefined
  for (const text of words) {
    if (settings.delayMs > 0) await delay(settings.delayMs)
    if (!has(prompt, settings.disobeyOn)) signal.throwIfAborted()
    firstToken ??= performance.now() - started
    job.say({ type: 'text', text })
  }
  return {
    text: words.join(''),
    finish: words.join('') === prompt ? 'stop' : 'length',
    usage: { promptTokens: words.length, cachedTokens: 0, completionTokens: words.length },
    timings: { ...(firstToken === undefined ? {} : { firstToken }), total: performance.now() - started },
  }
}

function obey(prompt: string, { crashOn, hangOn, failOn }: Settings): void {
  if (has(prompt, crashOn)) process.exit(7)
  // As native code would that never returns: no beat comes any more.
  if (has(prompt, hangOn)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  if (has(prompt, failOn)) throw new EngineError({ reason: 'bad_request', detail: 'as the test wanted' })
}

function has(prompt: string, word: string | undefined): boolean {
  return word !== undefined && prompt.includes(word)
}

function promptOf(request: EngineRequest): string {
  if (request.kind === 'complete') return request.prompt
  if (request.kind === 'chat')
    return request.messages.findLast(message => message.role === 'user')?.content ?? ''
  throw new EngineError({ reason: 'unsupported', what: request.kind })
}

function maxTokensOf(request: EngineRequest): number | undefined {
  return 'maxTokens' in request ? request.maxTokens : undefined
}

if (import.meta.main) await runMain(engineProgram(echo))
