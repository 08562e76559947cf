import { once } from 'node:events'
import { WebSocket, type RawData } from 'ws'
import { z } from 'zod'
import { ProblemError, type Problem } from '../../lib/problem.ts'
import type { BackendAccess } from './backend-url.ts'
import { mikeProblems } from './messages.ts'

export type Heard =
  | { readonly type: 'speech' }
  /** What was made out so far of what is being said. */
  | { readonly type: 'partial'; readonly text: string }
  | { readonly type: 'silence' }
  /** The sound held no words. */
  | { readonly type: 'nothing' }
  | {
      readonly type: 'final'
      item: string
      text: string
      startMs: number | undefined
      endMs: number | undefined
    }
  /** Something went wrong on the other side, which goes on. */
  | { readonly type: 'notice'; readonly problem: Problem }

const transcription = 'conversation.item.input_audio_transcription'
const serverEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('input_audio_buffer.speech_started'),
    item_id: z.string(),
    audio_start_ms: z.number(),
  }),
  z.object({
    type: z.literal('input_audio_buffer.speech_stopped'),
    item_id: z.string(),
    audio_end_ms: z.number(),
  }),
  z.object({ type: z.literal(`${transcription}.delta`), item_id: z.string(), delta: z.string() }),
  z.object({ type: z.literal(`${transcription}.completed`), item_id: z.string(), transcript: z.string() }),
  z.object({ type: z.literal(`${transcription}.failed`), item_id: z.string() }),
  z.object({
    type: z.literal('error'),
    error: z.object({ code: z.string().nullish(), message: z.string(), event_id: z.string().nullish() }),
  }),
])

const closing = 'closing'

interface Open {
  startMs: number | undefined
  endMs: number | undefined
  /** Of its text. */
  soFar: string
}

export interface ListenerOptions {
  /** Goes on after an error of the server, with a notice, where others fail. */
  readonly patient: boolean
  readonly onHeard: (heard: Heard) => void
}

/** One talk with `/v1/realtime`: audio in, what was heard out. */
export class Listener implements AsyncDisposable {
  readonly #socket: WebSocket
  readonly #options: ListenerOptions
  #sampleRate = 24_000
  /** Utterances whose text has not come. */
  readonly #open = new Map<string, Open>()
  /** Nothing new can come. */
  #closed = false
  #finishing = false
  #failure: Problem | undefined
  #wake: () => void = () => {}

  /** Rejects with a ProblemError if nobody listens there. */
  static async open({ url, headers }: BackendAccess, options: ListenerOptions): Promise<Listener> {
    const socket = new WebSocket(url, 'realtime', { perMessageDeflate: false, headers })
    const listener = new Listener(socket, options)
    try {
      await once(socket, 'open')
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const problem = code === 'ECONNREFUSED' ? mikeProblems.notRunning(url) : mikeProblems.noSession(message)
      throw new ProblemError(problem, { cause: error })
    }
    return listener
  }

  private constructor(socket: WebSocket, options: ListenerOptions) {
    this.#socket = socket
    this.#options = options
    socket.on('message', data => this.#receive(data))
    // Before it is open, `open` tells; after, the close event follows.
    socket.on('error', () => this.#wake())
    socket.on('close', code => {
      this.#failure ??= mikeProblems.connectionLost(code)
      this.#wake()
    })
  }

  configure(sampleRate: number): void {
    this.#sampleRate = sampleRate
    const input = { format: { type: 'audio/pcm', rate: sampleRate } }
    this.#socket.send(
      JSON.stringify({ type: 'session.update', session: { type: 'transcription', audio: { input } } }),
    )
  }

  /** Resolves when the piece has left this process, which a server that is behind delays, or when the signal aborts. */
  async send(pcm: Buffer, signal: AbortSignal): Promise<void> {
    if (this.#failure !== undefined) throw new ProblemError(this.#failure)
    const { promise, resolve } = Promise.withResolvers<void>()
    const stop = (): void => resolve()
    signal.addEventListener('abort', stop)
    this.#append(pcm, stop)
    await promise
    signal.removeEventListener('abort', stop)
  }

  /** Closes the last utterance, and resolves when all texts are here or the signal aborts. */
  async finish(signal: AbortSignal): Promise<void> {
    const wake = (): void => this.#wake()
    signal.addEventListener('abort', wake)
    this.#finishing = true
    // The last words want a little silence behind them.
    this.#append(this.#silence(600))
    this.#commit('last words')
    // Now nothing is open, so the answer to a second commit is an error that names it, and behind that nothing new comes.
    this.#append(this.#silence(200))
    this.#commit(closing)
    while (!signal.aborted && !(this.#closed && this.#open.size === 0)) {
      if (this.#failure !== undefined) throw new ProblemError(this.#failure)
      await new Promise<void>(resolve => (this.#wake = resolve))
    }
    signal.removeEventListener('abort', wake)
  }

  #append(pcm: Buffer, onSent?: () => void): void {
    const event = JSON.stringify({ type: 'input_audio_buffer.append', audio: pcm.toString('base64') })
    this.#socket.send(event, () => onSent?.())
  }

  #commit(event_id: string): void {
    this.#socket.send(JSON.stringify({ type: 'input_audio_buffer.commit', event_id }))
  }

  #silence(ms: number): Buffer {
    return Buffer.alloc(Math.round((ms / 1000) * this.#sampleRate) * 2)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#socket.on('close', () => resolve())
    this.#socket.close()
    const timer = setTimeout(() => this.#socket.terminate(), 500)
    await promise
    clearTimeout(timer)
  }

  #receive(data: RawData): void {
    const parsed = serverEvent.safeParse(JSON.parse((data as Buffer).toString('utf8')))
    // The other events of the vocabulary say nothing that is needed here.
    if (!parsed.success) return
    const event = parsed.data
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
        this.#openOf(event.item_id).startMs = event.audio_start_ms
        this.#options.onHeard({ type: 'speech' })
        break
      case 'input_audio_buffer.speech_stopped':
        this.#openOf(event.item_id).endMs = event.audio_end_ms
        this.#options.onHeard({ type: 'silence' })
        break
      case `${transcription}.delta`: {
        const open = this.#openOf(event.item_id)
        open.soFar += event.delta
        this.#options.onHeard({ type: 'partial', text: open.soFar })
        break
      }
      case `${transcription}.completed`: {
        const { startMs, endMs } = this.#openOf(event.item_id)
        this.#open.delete(event.item_id)
        const { item_id: item, transcript: text } = event
        this.#options.onHeard(
          text === '' ? { type: 'nothing' } : { type: 'final', item, text, startMs, endMs },
        )
        break
      }
      case `${transcription}.failed`:
        this.#open.delete(event.item_id)
        break
      case 'error':
        this.#refused(event.error)
    }
    this.#wake()
  }

  #openOf(item: string): Open {
    const open = this.#open.get(item) ?? { startMs: undefined, endMs: undefined, soFar: '' }
    this.#open.set(item, open)
    return open
  }

  #refused({ code, message, event_id }: { code?: unknown; message: string; event_id?: unknown }): void {
    if (event_id === closing) this.#closed = true
    // Silence before the end is no fault.
    if (code === 'input_audio_buffer_commit_empty') return
    // The other side has lost all that was open; speech that never stopped gets no `failed` of its own.
    this.#open.clear()
    const problem = mikeProblems.server(message)
    if (!this.#options.patient) {
      this.#failure ??= problem
      return
    }
    this.#options.onHeard({ type: 'notice', problem })
    if (this.#finishing) this.#closed = true
  }
}
