import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Io, runMain } from '../../../lib/io.ts'
import type { EngineFailure, FromEngine, ToEngine } from '../../core/engine.ts'
import { runSession } from './session.ts'
import { modelFiles, newRecognizer, newVad, type Recognizer, sampleRate } from './sherpa.ts'
import { transcribeFile } from './transcribe-file.ts'

/** The speech-to-text engine's process: Moonshine with Silero's voice activity. Started by core, and ends with it. */
export async function run(_argv: readonly string[], _io: Io): Promise<number> {
  const engine = new Engine()
  // Signals for core's process group reach this process too (runMain takes them); core decides, by closing the channel.
  process.on('message', message => engine.take(message as ToEngine))
  if (process.connected) await new Promise<void>(resolve => process.once('disconnect', resolve))
  // Decoding may still be under way, and nobody wants its outcome.
  process.exit(0)
}

interface Loaded {
  readonly models: string
  readonly recognizer: Recognizer
}

class Engine {
  #loaded: Loaded | undefined
  readonly #jobs = new Map<string, AbortController>()

  take(message: ToEngine): void {
    if (message.type === 'load') this.#load(message)
    else if (message.type === 'cancel') this.#jobs.get(message.job)?.abort('cancelled')
    else void this.#work(message)
  }

  #load({ models, threads }: Extract<ToEngine, { type: 'load' }>): void {
    const files = Object.values(modelFiles).filter(file => !existsSync(join(models, file)))
    if (files.length > 0) return tell({ type: 'missing', files })
    const before = performance.now()
    const recognizer = newRecognizer(models, threads)
    warmUp(models, recognizer)
    this.#loaded = { models, recognizer }
    tell({ type: 'loaded', ms: Math.round(performance.now() - before) })
    tell({ type: 'memory', rss: process.memoryUsage.rss() })
  }

  async #work(message: Extract<ToEngine, { job: string }>): Promise<void> {
    const { job } = message
    const abort = new AbortController()
    this.#jobs.set(job, abort)
    try {
      tell(await this.#answer(message, abort.signal))
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
      tell({ type: 'failed', job, failure: { reason: 'internal', detail } })
    } finally {
      this.#jobs.delete(job)
    }
    tell({ type: 'memory', rss: process.memoryUsage.rss() })
  }

  async #answer(message: Extract<ToEngine, { job: string }>, signal: AbortSignal): Promise<FromEngine> {
    const loaded = this.#loaded
    if (loaded === undefined) throw new Error('a job before the model was loaded')
    const { job } = message
    const failed = (failure: EngineFailure): FromEngine => ({ type: 'failed', job, failure })
    if (message.type === 'transcribe') {
      const before = performance.now()
      const done = await transcribeFile(message.path, loaded.models, loaded.recognizer, signal)
      const elapsedMs = Math.round(performance.now() - before)
      return done.ok ? { type: 'transcribed', job, ...done.value, elapsedMs } : failed(done.failure)
    }
    if (message.type === 'session') {
      const onListening = () => tell({ type: 'listening', job })
      const done = await runSession({ ...message, ...loaded }, onListening, signal)
      return done.ok ? { type: 'session-ended', job, ...done.value } : failed(done.failure)
    }
    throw new Error(`an unknown message: ${message.type}`)
  }
}

/** The first decoding allocates and is slow; nobody should have to wait for it. */
function warmUp(models: string, recognizer: Recognizer): void {
  newVad(models, 0.5, 0.1).acceptWaveform(new Float32Array(512))
  const stream = recognizer.createStream()
  stream.acceptWaveform({ sampleRate, samples: new Float32Array(sampleRate) })
  recognizer.decode(stream)
}

function tell(message: FromEngine): void {
  // Core may be gone already; the disconnect that follows ends this process.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined)
}

if (import.meta.main) await runMain(run)
