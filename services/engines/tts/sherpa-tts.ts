import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** Absolute paths of what a voice model consists of; Piper has no `voices`. */
export interface VoiceFiles {
  readonly model: string
  readonly tokens: string
  /** A folder. */
  readonly data: string
  readonly voices?: string
}

export const families = ['piper', 'kokoro', 'kitten'] as const
export type Family = (typeof families)[number]

export interface NativeRequest {
  readonly text: string
  /** With true, the default, the samples would lie in native memory that Node 24 does not take. */
  readonly enableExternalBuffer: false
  readonly generationConfig: {
    /** The voice's number. */
    readonly sid: number
    readonly speed: number
    /** How pauses are scaled; 1 leaves them as the model makes them. */
    readonly silenceScale: number
    readonly extra?: Readonly<Record<string, string>>
  }
}

export type WorkerAnswer =
  | { readonly type: 'loaded'; readonly sampleRate: number }
  | { readonly type: 'samples'; readonly samples: Float32Array }
  | { readonly type: 'failed'; readonly detail: string }

/**
 * sherpa-onnx's text to speech on a thread of ours. On one of its own (`generateAsync`, 1.13.8) a failure of the model is
 * swallowed, and its promise stays open for ever; here it ends the process, with words, which core sees and tells.
 */
export class SherpaTts {
  readonly sampleRate: number
  readonly #worker: Worker

  /** Rejects for some faults of the files; for others it ends the process, so look at them before. */
  static async load(family: Family, files: VoiceFiles, threads: number): Promise<SherpaTts> {
    const worker = new Worker(new URL('sherpa-worker.ts', import.meta.url), {
      workerData: configOf(family, files, threads),
    })
    const answer = await answerOf(worker)
    if (answer.type === 'loaded') return new SherpaTts(worker, answer.sampleRate)
    throw new Error(answer.type === 'failed' ? answer.detail : 'samples, and nothing was asked')
  }

  private constructor(worker: Worker, sampleRate: number) {
    this.#worker = worker
    this.sampleRate = sampleRate
  }

  /** One at a time. -1 to 1; undefined where the library finds nothing to say. */
  async generate(request: NativeRequest): Promise<Float32Array | undefined> {
    this.#worker.postMessage(request, [])
    const answer = await answerOf(this.#worker)
    if (answer.type === 'samples') return answer.samples
    if (answer.type === 'failed' && answer.detail.includes(nothing)) return undefined
    throw new Error(answer.type === 'failed' ? answer.detail : 'loaded again')
  }
}

/** What the library says of a text of which it makes no phonemes, such as Chinese with Kokoro. */
const nothing = 'TTS generation failed'

async function answerOf(worker: Worker): Promise<WorkerAnswer> {
  const [answer] = (await once(worker, 'message')) as [WorkerAnswer]
  return answer
}

function configOf(family: Family, { model, tokens, data, voices }: VoiceFiles, threads: number): object {
  return {
    model: {
      [family === 'piper' ? 'vits' : family]: {
        model,
        tokens,
        dataDir: data,
        ...(voices === undefined ? {} : { voices }),
        // Kokoro 1.0 and later, which speaks more than English, does not load without one; each request says its own.
        ...(family === 'kokoro' ? { lang: 'en-us' } : {}),
      },
      numThreads: threads,
      provider: 'cpu',
      debug: 0,
    },
    maxNumSentences: 1,
  }
}
