import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { encodeFrame, encodeJsonFrame, frameType, readFrames } from '../../lib/frames.ts'
import type { Job, PortalClient } from '../portal/client.ts'
import type { Result } from '../portal/request.ts'
import { engineEvent, type EngineControl, type EngineEvent } from './engine-events.ts'

export interface EngineSettings {
  /** 8000 to 48000 Hz. */
  readonly sampleRate: number
  /** How much silence closes an utterance. */
  readonly endpointMs: number
}

export interface LinkHandlers {
  onReady(): void
  onEvent(event: EngineEvent): void
  /** The engine has taken what waited for it. */
  onDrain(): void
  /** Once, as the last call. */
  onEnd(end: LinkEnd): void
}

export type LinkEnd =
  | { readonly reason: 'ended' }
  /** Nobody took the job in time, or a load took too long. */
  | { readonly reason: 'unavailable'; readonly seconds: number }
  /** The engine was there and is no more. */
  | { readonly reason: 'lost' }
  /** The job was answered with an error. */
  | {
      readonly reason: 'refused'
      readonly code: string
      readonly message: string
      readonly todo: string | undefined
    }

/** How long a client's audio waits for a word of the job: core says within moments that a model is being loaded. */
const silenceMs = 15_000
/** How long from then on: a large model from a slow disk takes minutes. As long as a client may have audio that waits. */
const loadMs = 10 * 60_000
/** How long an ended job may take to give its result. */
const collectTimeoutMs = 10_000
/** How long the result of an engine that hung up is waited for. */
const whyTimeoutMs = 1000
/** Core's codes for an engine, or a core, that is no more. */
const endings = new Set(['engine_crashed', 'session_lost', 'cancelled'])
/** Small frames let the engine work while the rest is on its way. */
const frameBytes = 32 * 1024

/**
 *   opening --socket is there--> open --end or loss--> gone
 *      `---- no engine, refused ----------------------'
 */
type State =
  | { readonly name: 'opening'; readonly queue: Buffer[]; queued: number }
  | { readonly name: 'open'; readonly socket: Socket }
  | { readonly name: 'gone' }

/**
 * One engine session: a portal job and the socket that it names. It takes audio and controls at once and keeps their
 * order, also while the engine is not there yet. Who calls watches `backlog`; nothing here drops audio.
 */
export class EngineLink {
  #state: State = { name: 'opening', queue: [], queued: 0 }
  readonly #handlers: LinkHandlers
  readonly #shutdown: AbortSignal
  readonly #after: (ms: number) => AbortSignal
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  /** Its job's result was read already, and comes only once. */
  #collected = false

  /** `shutdown` cuts off whatever the link still does, also after its end. */
  constructor(
    portal: PortalClient,
    settings: EngineSettings,
    handlers: LinkHandlers,
    shutdown: AbortSignal,
    after: (ms: number) => AbortSignal = ms => AbortSignal.timeout(ms),
  ) {
    this.#handlers = handlers
    this.#shutdown = shutdown
    this.#after = after
    this.#done = this.#run(portal, settings)
  }

  /** Bytes that the engine has not taken yet. */
  get backlog(): number {
    if (this.#state.name === 'opening') return this.#state.queued
    return this.#state.name === 'open' ? this.#state.socket.writableLength : 0
  }

  audio(pcm: Uint8Array): void {
    for (let at = 0; at < pcm.length; at += frameBytes) {
      this.#write(encodeFrame(frameType.bytes, pcm.subarray(at, at + frameBytes)))
    }
  }

  control(type: EngineControl['type']): void {
    this.#write(encodeJsonFrame({ type } satisfies EngineControl))
  }

  /** Lets the engine finish what it has heard, and takes its job's result; the signal cuts both off. */
  async end(signal: AbortSignal): Promise<void> {
    this.control('end')
    const cut = (): void => this.#stop.abort()
    if (signal.aborted) cut()
    signal.addEventListener('abort', cut)
    await this.#done
    signal.removeEventListener('abort', cut)
  }

  #write(frame: Buffer): void {
    if (this.#state.name === 'opening') {
      this.#state.queue.push(frame)
      this.#state.queued += frame.length
    } else if (this.#state.name === 'open') {
      this.#state.socket.write(frame)
    }
  }

  async #run(portal: PortalClient, settings: EngineSettings): Promise<void> {
    let job: Job
    try {
      job = await portal.submit({ kind: 'session', ...settings }, { signal: this.#stop.signal })
    } catch (error) {
      return this.#over(this.#stop.signal.aborted ? { reason: 'ended' } : portalFailed(error))
    }
    const opened = await this.#open(job)
    const heard = opened instanceof Socket ? await this.#listen(opened) : opened
    const end = heard.reason === 'lost' ? await this.#whyLost(job) : heard
    this.#over(end)
    await this.#leave(job, end)
  }

  #over(end: LinkEnd): void {
    this.#state = { name: 'gone' }
    this.#handlers.onEnd(end)
  }

  async #open(job: Job): Promise<Socket | LinkEnd> {
    let limitMs = silenceMs
    let limit = this.#after(limitMs)
    const signal = (): AbortSignal => AbortSignal.any([limit, this.#stop.signal])
    try {
      let found = await job.waitForStatus(signal())
      // While its model is being loaded, or waits for memory, it has a status, and no socket yet.
      if (found.type === 'running' && found.status.socket === undefined) {
        limitMs = loadMs
        limit = this.#after(limitMs)
        found = await job.waitForStatus(signal(), status => status.socket !== undefined)
      }
      if (found.type === 'ended') return refused(found.result)
      const socket = connect(found.status.socket ?? '')
      await once(socket, 'connect', { signal: signal() })
      return socket
    } catch (error) {
      if (this.#stop.signal.aborted) return { reason: 'ended' }
      if (limit.aborted) return { reason: 'unavailable', seconds: limitMs / 1000 }
      // The engine can end between naming its socket and our connect.
      const { code } = error as NodeJS.ErrnoException
      return code === 'ECONNREFUSED' || code === 'ENOENT' ? { reason: 'lost' } : portalFailed(error)
    }
  }

  async #listen(socket: Socket): Promise<LinkEnd> {
    const cut = (): void => void socket.destroy()
    this.#stop.signal.addEventListener('abort', cut)
    // A write after the engine's end fails here; the loop below learns of that end by itself.
    socket.on('error', cut)
    socket.on('drain', () => this.#handlers.onDrain())
    const queue = this.#state.name === 'opening' ? this.#state.queue : []
    this.#state = { name: 'open', socket }
    this.#handlers.onReady()
    for (const frame of queue) socket.write(frame)
    if (!socket.writableNeedDrain) this.#handlers.onDrain()
    let ended = false
    try {
      for await (const frame of readFrames(socket)) {
        if (frame.type !== frameType.json) continue
        const event = engineEvent.parse(JSON.parse(frame.payload.toString('utf8')))
        ended = event.type === 'ended'
        this.#handlers.onEvent(event)
      }
    } catch (error) {
      // A reset, or a frame that makes no sense: the talk is over, and who called learns that it was cut short.
      void error
    } finally {
      socket.destroy()
      this.#stop.signal.removeEventListener('abort', cut)
    }
    return ended || this.#stop.signal.aborted ? { reason: 'ended' } : { reason: 'lost' }
  }

  /** An engine that lives, and could not go on, says why in the job's result. */
  async #whyLost(job: Job): Promise<LinkEnd> {
    const signal = AbortSignal.any([AbortSignal.timeout(whyTimeoutMs), this.#stop.signal, this.#shutdown])
    try {
      const result = await job.wait(signal)
      this.#collected = true
      return result.ok || endings.has(result.error.code) ? { reason: 'lost' } : refused(result)
    } catch (error) {
      // It says nothing in time: nothing more is known than that it is gone.
      void error
      return { reason: 'lost' }
    }
  }

  /** Leaves no later attempt behind that nobody would speak to, and no result that nobody reads. */
  async #leave(job: Job, end: LinkEnd): Promise<void> {
    if (end.reason === 'refused' || this.#collected) return
    try {
      if (end.reason !== 'ended') await job.cancel()
      await job.wait(
        AbortSignal.any([AbortSignal.timeout(collectTimeoutMs), this.#stop.signal, this.#shutdown]),
      )
    } catch (error) {
      // The spool's own sweeping takes what is left; nobody waits for it.
      void error
    }
  }
}

function refused(result: Result): LinkEnd {
  if (result.ok) return { reason: 'lost' }
  const { code, message, todo } = result.error
  return { reason: 'refused', code, message, todo }
}

function portalFailed(error: unknown): LinkEnd {
  const message = error instanceof Error ? error.message : String(error)
  return { reason: 'refused', code: 'portal_failed', message, todo: undefined }
}
