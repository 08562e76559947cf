import { randomBytes } from 'node:crypto'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { jsonOrUndefined } from '../../../../lib/parse-json.ts'
import { encodeWav } from '../../../../lib/wav.ts'
import { EngineError } from '../../../core/engine.ts'
import { ChildServer } from '../../shared/child-server.ts'
import { badSettings } from '../../shared/faults.ts'
import { sampleRate } from '../sherpa-library.ts'
import { Card } from './card.ts'
import type { WhisperSettings } from './settings.ts'
import { spokenText } from './spoken-text.ts'

export interface WhisperSetup extends WhisperSettings {
  readonly model: string
  readonly threads: number
  readonly gpu: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

const answerSchema = z.object({ text: z.string() })

/** whisper.cpp's server with its model; examples/server/README.md there says what it takes. */
export class WhisperServer {
  readonly #server: ChildServer
  readonly #url: string
  readonly #language: string
  readonly #card: Card
  /** A slow machine may take minutes for an utterance; that the server ends is seen otherwise. */
  readonly #dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 })

  constructor(server: ChildServer, url: string, { language }: WhisperSetup, card: Card) {
    this.#server = server
    this.#url = url
    this.#language = language
    this.#card = card
  }

  get died(): Promise<string> {
    return this.#server.died
  }

  get memory(): number {
    return this.#server.memory
  }

  /** Bytes on the graphics card. */
  get cardMemory(): number {
    return this.#card.bytes
  }

  /**
   * 16 kHz, -1 to 1. An abort closes the connection, which the server sees between the steps of its model alone: the encoding,
   * most of the work, goes on to its end, and the next request waits for that.
   */
  async recognise(samples: Float32Array, signal: AbortSignal): Promise<string> {
    const form = new FormData()
    form.set('file', new Blob([new Uint8Array(encodeWav(samples, sampleRate))]), 'utterance.wav')
    form.set('response_format', 'json')
    form.set('temperature', '0.0')
    form.set('language', this.#language)
    form.set('token_timestamps', 'false')
    const { status, body } = await this.#post(form, signal)
    const parsed = answerSchema.safeParse(jsonOrUndefined(body))
    if (status !== 200 || !parsed.success)
      throw new Error(`whisper-server answered ${status}: ${body.slice(0, 300)}`)
    return spokenText(parsed.data.text)
  }

  async #post(form: FormData, signal: AbortSignal): Promise<{ status: number; body: string }> {
    const whole = new Response(form)
    try {
      const { statusCode, body } = await request(`${this.#url}/inference`, {
        method: 'POST',
        headers: { 'content-type': whole.headers.get('content-type') ?? '' },
        body: Buffer.from(await whole.arrayBuffer()),
        signal,
        dispatcher: this.#dispatcher,
      })
      return { status: statusCode, body: await body.text() }
    } catch (error) {
      if (signal.aborted) throw new EngineError({ reason: 'cancelled' })
      await this.#server.survived()
      throw error
    }
  }
}

/** Throws `no_gpu`, `bad_settings` for a language that it does not know, and `bad_model` for whatever else ends it. */
export async function startWhisperServer(setup: WhisperSetup): Promise<WhisperServer> {
  const { program, model, threads, gpu, language, translate, env } = setup
  // It has no keys. This keeps out web pages and who tries ports; who may read this machine's list of processes sees it.
  const secret = `/${randomBytes(16).toString('hex')}`
  const flags = ['--model', model, '--language', language, '--threads', String(threads)]
  flags.push(
    ...(gpu ? [] : ['--no-gpu']),
    ...(translate ? ['--translate'] : []),
    // No "(music)".
    '--suppress-nst',
    // Otherwise it would serve files of a folder under the working directory.
    '--public',
    '/dev/null',
  )
  const card = new Card()
  let unknownLanguage = false
  try {
    const server = await ChildServer.start({
      program,
      args: port => [...flags, '--host', '127.0.0.1', '--port', String(port), '--request-path', secret],
      env,
      isReady: async (url, signal, dispatcher) => {
        const { statusCode, body } = await request(`${url}${secret}/health`, { signal, dispatcher })
        await body.dump()
        if (statusCode !== 200) return false
        // It has said so long before it answered.
        if (gpu && card.name === undefined)
          throw new EngineError({
            reason: 'no_gpu',
            detail: `${program} finds no card that it was built for`,
          })
        return true
      },
      onLine: line => {
        card.hear(line)
        unknownLanguage ||= line.includes('unknown language')
      },
    })
    return new WhisperServer(server, `${server.url}${secret}`, setup, card)
  } catch (error) {
    if (unknownLanguage) throw badSettings(`language: whisper.cpp does not know ${language}`)
    throw error
  }
}
