import * as z from 'zod/mini'
import type { ClientEvent, ServerEvent } from '../../../services/voice/protocol.ts'
import type { MicrophoneProblem } from './messages.ts'
import { toBase64 } from './pcm.ts'

export type SessionEvent =
  | { readonly type: 'ready' }
  | { readonly type: 'speech_started' }
  | { readonly type: 'speech_stopped' }
  | { readonly type: 'fail'; readonly problem: MicrophoneProblem }

/** One realtime session. After its `fail`, or after `close`, nothing more comes from it. */
export interface RealtimeSession {
  /** Audio from before `ready` is kept, up to ten seconds of it, and sent then. */
  send(pcm: Int16Array): void
  /** What was said until now still becomes text: the backend sees to it after the socket's end. */
  close(): void
}

/** Only the fields that are used; the page takes types, not code, from the server's protocol. */
const anyServerEvent = z.object({
  type: z.string(),
  error: z.optional(z.object({ message: z.optional(z.string()) })),
})

const limits = { readyMs: 10_000, waitingSeconds: 10, unsentBytes: 1_000_000 }

/**
 * A session's life, each state of which can also end in closed, through `fail` or `close`:
 *
 *   connecting ──session.created──▶ configuring ──session.updated──▶ open ──▶ closed
 */
type Life = 'connecting' | 'configuring' | 'open' | 'closed'

export function openSession(
  url: string,
  rate: 16_000 | 24_000 | 48_000,
  onEvent: (event: SessionEvent) => void,
): RealtimeSession {
  let life: Life = 'connecting'
  let waiting: Int16Array[] = []
  let waitingSamples = 0
  const socket = new WebSocket(url)
  const timer = setTimeout(() => fail({ code: 'backend_silent' }), limits.readyMs)

  function post(event: ClientEvent): void {
    socket.send(JSON.stringify(event))
  }

  function close(): void {
    life = 'closed'
    clearTimeout(timer)
    waiting = []
    socket.close()
  }

  function fail(problem: MicrophoneProblem): void {
    if (life === 'closed') return
    close()
    onEvent({ type: 'fail', problem })
  }

  function append(pcm: Int16Array): void {
    // A backend that doesn't read would make this tab's memory grow.
    if (socket.bufferedAmount > limits.unsentBytes) fail({ code: 'backend_silent' })
    else post({ type: 'input_audio_buffer.append', audio: toBase64(pcm) })
  }

  function startSending(): void {
    life = 'open'
    clearTimeout(timer)
    onEvent({ type: 'ready' })
    const early = waiting
    waiting = []
    for (const pcm of early) append(pcm)
  }

  socket.addEventListener('close', () => fail({ code: 'backend_gone' }))
  socket.addEventListener('message', message => {
    const event = parseEvent(message.data)
    if (event === undefined || life === 'closed') return
    switch (event.type as ServerEvent['type']) {
      case 'session.created':
        if (life !== 'connecting') return
        life = 'configuring'
        post(settings(rate))
        return
      case 'session.updated':
        if (life === 'configuring') startSending()
        return
      case 'input_audio_buffer.speech_started':
        onEvent({ type: 'speech_started' })
        return
      case 'input_audio_buffer.speech_stopped':
        onEvent({ type: 'speech_stopped' })
        return
      case 'error':
      case 'conversation.item.input_audio_transcription.failed':
        fail({ code: 'refused', message: event.error?.message ?? '' })
        return
      case 'input_audio_buffer.committed':
      case 'input_audio_buffer.cleared':
      case 'conversation.item.added':
      case 'conversation.item.done':
      case 'conversation.item.input_audio_transcription.delta':
      case 'conversation.item.input_audio_transcription.completed':
        // The words reach the page through the transcript, whoever said them.
        return
    }
  })

  return {
    send(pcm) {
      if (life === 'open') {
        append(pcm)
      } else if (life !== 'closed') {
        waiting.push(pcm)
        waitingSamples += pcm.length
        while (waitingSamples > rate * limits.waitingSeconds)
          waitingSamples -= waiting.shift()?.length ?? Infinity
      }
    },
    close,
  }
}

function settings(rate: 16_000 | 24_000 | 48_000): ClientEvent {
  return {
    type: 'session.update',
    session: {
      audio: { input: { format: { type: 'audio/pcm', rate }, turn_detection: { type: 'server_vad' } } },
    },
  }
}

function parseEvent(data: unknown): z.infer<typeof anyServerEvent> | undefined {
  try {
    return anyServerEvent.safeParse(JSON.parse(String(data))).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
