import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { encodeFrame, encodeJsonFrame, frameType, readFrames } from '../../../lib/frames.ts'
import { EngineError } from '../../core/engine.ts'
import { type Heard, Listener, type Speech } from './listener.ts'
import { newResampler, sampleRate } from './sherpa-library.ts'

/** What a client may say besides audio. */
const controlSchema = z.object({ type: z.enum(['commit', 'clear', 'end']) })

const connectMs = 10_000
/** Of a frame, besides its payload. */
const frameHead = encodeFrame(0, new Uint8Array()).length

export interface SessionSummary {
  readonly utterances: number
  readonly audioSeconds: number
}

export interface SessionSetup {
  /** Path of the Unix socket to make. */
  readonly socket: string
  readonly sampleRate: number
  readonly endpointMs: number
  readonly speech: Speech
}

/**
 * A live session: one client's audio in, its words out, until it says `end` or hangs up. Throws an EngineError for a client
 * that does not come, or says what can not be understood.
 */
export async function runSession(
  setup: SessionSetup,
  onListening: () => void,
  signal: AbortSignal,
): Promise<SessionSummary> {
  const server = createServer({ pauseOnConnect: true })
  server.maxConnections = 1
  let socket: Socket
  try {
    server.listen(setup.socket)
    await once(server, 'listening')
    await chmod(setup.socket, 0o600)
    const connected = once(server, 'connection', {
      signal: AbortSignal.any([signal, AbortSignal.timeout(connectMs)]),
    })
    onListening()
    ;[socket] = (await connected) as [Socket]
  } catch (error) {
    const late = !signal.aborted && (error as Error).name === 'AbortError'
    throw late ? new EngineError({ reason: 'no_client' }) : error
  } finally {
    // One client a session; closing also removes the socket's file.
    server.close()
    await rm(setup.socket, { force: true })
  }
  const cut = () => socket.destroy()
  signal.addEventListener('abort', cut)
  try {
    using listener = new Listener(setup.speech, { endpointMs: setup.endpointMs, haste: 'live', signal })
    return await new Session(setup.sampleRate, listener, socket, signal).run()
  } finally {
    signal.removeEventListener('abort', cut)
    socket.destroy()
  }
}

class Session {
  readonly #socket: Socket
  readonly #signal: AbortSignal
  readonly #rate: number
  readonly #listener: Listener
  readonly #resampler
  #item = ''
  #utterances = 0
  #samples = 0
  /** Bytes of the frames that were taken from the socket. */
  #taken = 0
  /** Half of a sample that a frame's end has cut. */
  #odd: Buffer = Buffer.alloc(0)

  constructor(rate: number, listener: Listener, socket: Socket, signal: AbortSignal) {
    this.#socket = socket
    this.#signal = signal
    this.#rate = rate
    this.#listener = listener
    this.#resampler = newResampler(rate)
  }

  async run(): Promise<SessionSummary> {
    // A reset is the client's way out; what it has said so far still counts.
    this.#socket.on('error', () => undefined)
    try {
      for await (const { type, payload } of readFrames(this.#socket)) {
        this.#taken += frameHead + payload.length
        if (type === frameType.bytes) {
          await this.#audio(payload)
          await this.#anticipate()
        } else if (await this.#control(payload)) {
          break
        }
      }
    } catch (error) {
      if (this.#signal.aborted || error instanceof EngineError) throw error
      const lost = (error as NodeJS.ErrnoException).code !== undefined
      if (!lost) throw new EngineError({ reason: 'bad_frames' }, { cause: error })
    }
    this.#signal.throwIfAborted()
    return this.#summary()
  }

  async #audio(bytes: Buffer): Promise<void> {
    const whole = this.#odd.length === 0 ? bytes : Buffer.concat([this.#odd, bytes])
    const count = Math.floor(whole.length / 2)
    this.#odd = Buffer.from(whole.subarray(count * 2))
    this.#samples += count
    // Half a second at a time: a large frame may hold minutes, and other sessions want their turn.
    const step = Math.floor(this.#rate / 2)
    for (let from = 0; from < count; from += step) {
      const samples = new Float32Array(Math.min(step, count - from))
      for (let i = 0; i < samples.length; i++) samples[i] = whole.readInt16LE((from + i) * 2) / 32768
      const converted = this.#resampler === undefined ? samples : this.#resampler.resample(samples)
      await this.#tell(this.#listener.push(converted))
    }
  }

  /** Only for who speaks in real time: a stream that comes faster has the rest of its pause waiting already. */
  async #anticipate(): Promise<void> {
    if (!this.#listener.pausing) return
    // What has come in meanwhile is read between the first and the second.
    await setImmediate()
    await setImmediate()
    // What comes next is listened to meanwhile.
    if (this.#socket.bytesRead === this.#taken) void this.#listener.anticipate()
  }

  /** True: that was the end. */
  async #control(payload: Buffer): Promise<boolean> {
    const { type } = controlSchema.parse(JSON.parse(payload.toString('utf8')))
    if (type === 'clear') {
      if (this.#listener.inSpeech) this.#send({ type: 'dropped', item: this.#item })
      this.#listener.clear()
      return false
    }
    const item = this.#listener.inSpeech ? this.#item : null
    await this.#tell(this.#listener.commit())
    if (type === 'commit') {
      this.#send({ type: 'committed', item })
      return false
    }
    await new Promise<void>(resolve => {
      this.#socket.once('close', resolve)
      this.#socket.end(encodeJsonFrame({ type: 'ended', ...this.#summary() }), resolve)
    })
    return true
  }

  async #tell(events: AsyncGenerator<Heard>): Promise<void> {
    for await (const event of events) this.#say(event)
    // Other sessions share this thread, and get their turn.
    await setImmediate()
  }

  #say(event: Heard): void {
    const ms = (at: number) => Math.round((at * 1000) / sampleRate)
    if (event.type === 'started') {
      this.#item = `item_${randomUUID().replaceAll('-', '').slice(0, 20)}`
      this.#send({ type: 'speech_started', item: this.#item, atMs: ms(event.start) })
    } else if (event.type === 'partial') {
      this.#send({ type: 'partial', item: this.#item, text: event.text })
    } else if (event.type === 'stopped') {
      this.#send({ type: 'speech_stopped', item: this.#item, atMs: ms(event.end) })
    } else if (event.text === '') {
      this.#send({ type: 'dropped', item: this.#item })
    } else {
      this.#utterances++
      const times = { startMs: ms(event.start), endMs: ms(event.end) }
      this.#send({ type: 'final', item: this.#item, text: event.text, ...times })
    }
  }

  #send(event: unknown): void {
    if (!this.#socket.writable) return
    this.#socket.write(encodeJsonFrame(event))
  }

  #summary(): SessionSummary {
    const audioSeconds = Math.round((this.#samples / this.#rate) * 1000) / 1000
    return { utterances: this.#utterances, audioSeconds }
  }
}
