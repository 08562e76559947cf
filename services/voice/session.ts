import { randomUUID } from 'node:crypto'
import { AudioClock } from './audio-clock.ts'
import type { EngineEvent } from './engine-events.ts'
import type { EngineLink, EngineSettings, LinkEnd, LinkHandlers } from './engine-link.ts'
import { eventId, hasBegun, type Item, itemEvents, newItem } from './item.ts'
import { words, type Words } from './messages.ts'
import { parseClientEvent } from './parse-event.ts'
import type { ClientEvent, ServerEvent, SessionObject } from './protocol.ts'

/** What a session uses of its engine. */
export type SessionLink = Pick<EngineLink, 'backlog' | 'audio' | 'control' | 'end'>

export interface SessionOptions {
  readonly openLink: (settings: EngineSettings, handlers: LinkHandlers) => SessionLink
  readonly send: (event: ServerEvent) => void
  /** Things for the log and the transcript. */
  readonly report: (happening: SessionHappening) => void
  /** `true`: read no more from the client for now, the engine is behind; `false`: go on. */
  readonly setPaused: (paused: boolean) => void
  readonly now: () => number
}

export type SessionHappening =
  | { readonly type: 'engine_ready'; readonly afterMs: number }
  | { readonly type: 'engine_gone'; readonly why: string }
  /** `delayMs`: since the last sample of the speech was here. */
  | { readonly type: 'final'; readonly text: string; readonly delayMs: number | undefined }

/** One append may hold so much audio, decoded. */
export const appendLimit = 15 * 1024 * 1024
/** Above it the client is no longer read, until the engine has caught up. */
const pauseAbove = 1024 * 1024
/** What may wait for the engine at most; an append that would pass it is refused. */
const backlogLimit = 2 * appendLimit

/**
 *   waiting --first audio--> listening --engine gone--> waiting
 *      `------- close() --------'---> closed
 */
type State =
  | { readonly name: 'waiting' }
  | {
      readonly name: 'listening'
      readonly link: SessionLink
      /** Audio of the connection before this engine's first sample. */
      readonly startMs: number
      readonly items: Map<string, Item>
    }
  | { readonly name: 'closed' }

/**
 * One realtime connection, without its socket: client events in, server events out. It outlives its engine: after an
 * engine's end the client gets an `error` event, and the next audio opens a new engine session.
 */
export class RealtimeSession {
  readonly #options: SessionOptions
  readonly #id = `sess_${randomUUID().replaceAll('-', '')}`
  #state: State = { name: 'waiting' }
  #settings: EngineSettings = { sampleRate: 24_000, endpointMs: 500 }
  readonly #clock = new AudioClock()
  /** Audio since the last commit or clear. */
  #bufferMs = 0
  /** The `event_id`s of commits that the engine has not answered yet, in their order. */
  #commits: (string | undefined)[] = []
  #lastItem: string | null = null
  #paused = false

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** Greets the client; call it once, before anything else. */
  open(): void {
    this.#send({ type: 'session.created', event_id: eventId(), session: this.#describe() })
  }

  receive(text: string): void {
    if (this.#state.name === 'closed') return
    const parsed = parseClientEvent(text)
    if (parsed.ok) this.#handle(parsed.event)
    else this.refuse(parsed.words, parsed.eventId)
  }

  /** Sends an `error` event. */
  refuse(words: Words, cause: string | undefined): void {
    const { type, code, message, param = null } = words
    const error = { type, code, message, param, event_id: cause ?? null }
    this.#send({ type: 'error', event_id: eventId(), error })
  }

  /** The client is gone. What was said until now still becomes text, within the signal's time. */
  async close(signal: AbortSignal): Promise<void> {
    const state = this.#state
    this.#state = { name: 'closed' }
    if (state.name === 'listening') await state.link.end(signal)
  }

  #handle(event: ClientEvent): void {
    switch (event.type) {
      case 'session.update':
        return this.#update(event)
      case 'input_audio_buffer.append':
        return this.#append(event)
      case 'input_audio_buffer.commit':
        return this.#commit(event.event_id)
      case 'input_audio_buffer.clear':
        this.#bufferMs = 0
        if (this.#state.name === 'listening') this.#state.link.control('clear')
        return this.#send({ type: 'input_audio_buffer.cleared', event_id: eventId() })
    }
  }

  #update(event: Extract<ClientEvent, { type: 'session.update' }>): void {
    const input = event.session.audio?.input
    const sampleRate = input?.format?.rate ?? this.#settings.sampleRate
    const detection = input?.turn_detection
    const silence = detection?.type === 'server_vad' ? detection.silence_duration_ms : undefined
    const endpointMs = silence ?? this.#settings.endpointMs
    if (this.#clock.totalMs > 0) {
      if (sampleRate !== this.#settings.sampleRate) {
        return this.refuse(words.settingsFixed('audio format'), event.event_id)
      }
      if (endpointMs !== this.#settings.endpointMs) {
        return this.refuse(words.settingsFixed('silence duration'), event.event_id)
      }
    }
    this.#settings = { sampleRate, endpointMs }
    this.#send({ type: 'session.updated', event_id: eventId(), session: this.#describe() })
  }

  #append(event: Extract<ClientEvent, { type: 'input_audio_buffer.append' }>): void {
    const pcm = decodeAudio(event.audio)
    if (pcm === undefined) return this.refuse(words.invalidAudio(), event.event_id)
    if (pcm.length > appendLimit) {
      return this.refuse(words.audioTooLong(pcm.length, appendLimit), event.event_id)
    }
    if (pcm.length === 0) return
    if (this.#state.name === 'waiting') this.#state = this.#listen()
    if (this.#state.name !== 'listening') return
    const { link } = this.#state
    if (link.backlog + pcm.length > backlogLimit) {
      return this.refuse(words.bufferFull(backlogLimit), event.event_id)
    }
    const durationMs = pcm.length / 2 / (this.#settings.sampleRate / 1000)
    this.#clock.add(durationMs, this.#options.now())
    this.#bufferMs += durationMs
    link.audio(pcm)
    if (link.backlog > pauseAbove) this.#setPaused(true)
  }

  #commit(cause: string | undefined): void {
    if (this.#bufferMs < 100 || this.#state.name !== 'listening') {
      return this.refuse(words.commitEmpty(Math.floor(this.#bufferMs)), cause)
    }
    this.#bufferMs = 0
    this.#commits.push(cause)
    this.#state.link.control('commit')
  }

  #listen(): State {
    const opened = this.#options.now()
    const startMs = this.#clock.totalMs
    const items = new Map<string, Item>()
    const link = this.#options.openLink(this.#settings, {
      onReady: () => this.#options.report({ type: 'engine_ready', afterMs: this.#options.now() - opened }),
      onEvent: event => this.#hear(event, items, startMs),
      onDrain: () => this.#setPaused(false),
      onEnd: end => this.#engineGone(end, items),
    })
    return { name: 'listening', link, startMs, items }
  }

  #hear(event: EngineEvent, items: Map<string, Item>, startMs: number): void {
    switch (event.type) {
      case 'speech_started':
        this.#itemOf(items, event.item, startMs + event.atMs)
        return
      case 'speech_stopped':
        return this.#stop(this.#itemOf(items, event.item, startMs + event.atMs), startMs + event.atMs)
      case 'partial': {
        const item = items.get(event.item)
        return item === undefined ? undefined : this.#tell(item, event.text)
      }
      case 'final': {
        const item = this.#itemOf(items, event.item, startMs + event.startMs)
        this.#stop(item, startMs + event.endMs)
        items.delete(event.item)
        return this.#complete(item, event.text)
      }
      case 'dropped': {
        const item = items.get(event.item)
        items.delete(event.item)
        if (item !== undefined && hasBegun(item)) this.#complete(item, '')
        return
      }
      case 'committed': {
        const cause = this.#commits.shift()
        // With an item, its own events have told the client already.
        if (event.item === null) this.refuse(words.commitSilent(), cause)
        return
      }
      case 'ended':
        return
    }
  }

  #itemOf(items: Map<string, Item>, engineId: string, startMs: number): Item {
    const known = items.get(engineId)
    if (known !== undefined) return known
    // Engines may count their utterances from the start again, so their ids are not unique within a connection.
    const item = newItem(startMs)
    items.set(engineId, item)
    this.#send(itemEvents.started(item))
    return item
  }

  #stop(item: Item, endMs: number): void {
    if (item.endMs !== undefined) return
    item.endMs = endMs
    for (const event of itemEvents.stopped(item, endMs, this.#lastItem)) this.#send(event)
    this.#lastItem = item.id
  }

  /** Deltas can only add. Where an engine takes a word back, the client waits for a text that goes on from what it has. */
  #tell(item: Item, text: string): void {
    if (text.length <= item.told.length || !text.startsWith(item.told)) return
    this.#send(itemEvents.delta(item, text.slice(item.told.length)))
    item.told = text
  }

  #complete(item: Item, transcript: string): void {
    if (transcript !== '') {
      const arrived = item.endMs === undefined ? undefined : this.#clock.arrivalOf(item.endMs)
      const delayMs = arrived === undefined ? undefined : Math.round(this.#options.now() - arrived)
      this.#options.report({ type: 'final', text: transcript, delayMs })
    }
    this.#send(itemEvents.completed(item, transcript))
  }

  #engineGone(end: LinkEnd, items: Map<string, Item>): void {
    const reason = wordsOf(end)
    if (end.reason !== 'ended') this.#options.report({ type: 'engine_gone', why: reason.message })
    if (this.#state.name === 'closed') return
    this.#state = { name: 'waiting' }
    this.#bufferMs = 0
    this.#commits = []
    for (const item of items.values()) {
      if (hasBegun(item)) this.#send(itemEvents.failed(item, reason))
    }
    this.refuse(reason, undefined)
    this.#setPaused(false)
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return
    this.#paused = paused
    this.#options.setPaused(paused)
  }

  #describe(): SessionObject {
    return {
      type: 'transcription',
      object: 'realtime.transcription_session',
      id: this.#id,
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: this.#settings.sampleRate },
          // Which that is, core knows.
          transcription: { model: 'default' },
          turn_detection: { type: 'server_vad', silence_duration_ms: this.#settings.endpointMs },
        },
      },
    }
  }

  #send(event: ServerEvent): void {
    if (this.#state.name !== 'closed') this.#options.send(event)
  }
}

function wordsOf(end: LinkEnd): Words {
  if (end.reason === 'unavailable') return words.engineUnavailable(end.seconds)
  if (end.reason === 'refused') return words.engineRefused(end.code, end.message, end.todo)
  // An engine that ended in good order, but unasked, is as gone as one that was lost.
  return words.engineLost()
}

/** Node's decoder skips what is not base64; a length that doesn't fit betrays it. */
function decodeAudio(base64: string): Buffer | undefined {
  const pcm = Buffer.from(base64, 'base64')
  const expected = Math.floor((base64.replace(/={1,2}$/, '').length * 3) / 4)
  return pcm.length === expected && pcm.length % 2 === 0 ? pcm : undefined
}
