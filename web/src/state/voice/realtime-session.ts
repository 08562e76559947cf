import type { ClientEvent, ServerEvent } from '../../../../services/voice/protocol.ts'
import type { MicrophoneProblem } from './messages.ts'
import { toBase64 } from './pcm.ts'

export type SessionEvent =
  | { readonly type: 'ready' }
  /** Somebody speaks. `ms` counts the session's audio from its first sample. */
  | { readonly type: 'speech_started'; readonly item: string; readonly ms: number }
  | { readonly type: 'speech_stopped'; readonly item: string; readonly ms: number }
  /** More words of it; `completed` replaces them all. */
  | { readonly type: 'delta'; readonly item: string; readonly text: string }
  /** Empty: the sound held no words. */
  | { readonly type: 'completed'; readonly item: string; readonly text: string }
  /** After `finish`: no more words come. */
  | { readonly type: 'ended' }
  | { readonly type: 'fail'; readonly problem: MicrophoneProblem }

/** One realtime session. After its `fail` or `ended`, or after `close`, nothing more comes from it. */
export interface RealtimeSession {
  /** Audio from before `ready` is kept, up to ten seconds of it, and sent then. */
  send(pcm: Int16Array): void
  /** No more audio comes; the words of what was said until now still do, within five seconds, and then `ended`. */
  finish(): void
  /** The backend still writes what was said until now into the transcript, but it doesn't come here. */
  close(): void
}

const limits = { readyMs: 10_000, waitingSeconds: 10, unsentBytes: 1_000_000, lastWordsMs: 5000 }

/**
 * A session's life, each state of which can also end in closed, through `fail` or `close`:
 *
 *   connecting ──session.created──▶ configuring ──session.updated──▶ open ──finish──▶ finishing ──▶ closed
 */
type Life = 'connecting' | 'configuring' | 'open' | 'finishing' | 'closed'

export function openSession(
  url: string,
  rate: 16_000 | 24_000 | 48_000,
  onEvent: (event: SessionEvent) => void,
): RealtimeSession {
  let life: Life = 'connecting'
  let waiting: Int16Array[] = []
  let waitingSamples = 0
  /** Asked for before the session was open. */
  let finishSoon = false
  /** Utterances whose words have not come. */
  const unwritten = new Set<string>()
  /** The backend has answered the last commit. */
  let committed = false
  const socket = new WebSocket(url)
  let timer = setTimeout(() => fail({ code: 'backend_silent' }), limits.readyMs)

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
    // Whoever turned the microphone off has no use for words about its connection.
    const isOver = life === 'finishing' || finishSoon
    close()
    onEvent(isOver ? { type: 'ended' } : { type: 'fail', problem })
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
    if (finishSoon) finish()
  }

  function finish(): void {
    if (life === 'connecting' || life === 'configuring') finishSoon = true
    if (life !== 'open') return
    life = 'finishing'
    timer = setTimeout(() => fail({ code: 'backend_silent' }), limits.lastWordsMs)
    post({ type: 'input_audio_buffer.commit' })
  }

  function endIfWritten(): void {
    if (life !== 'finishing' || !committed || unwritten.size > 0) return
    close()
    onEvent({ type: 'ended' })
  }

  socket.addEventListener('close', () => fail({ code: 'backend_gone' }))
  socket.addEventListener('message', message => {
    if (life === 'closed') return
    // Page and server are of one version, so it is not checked again; types of a later one fall through.
    const event = JSON.parse(String(message.data)) as ServerEvent
    switch (event.type) {
      case 'session.created':
        if (life !== 'connecting') return
        life = 'configuring'
        post(settings(rate))
        return
      case 'session.updated':
        if (life === 'configuring') startSending()
        return
      case 'input_audio_buffer.speech_started':
        unwritten.add(event.item_id)
        onEvent({ type: 'speech_started', item: event.item_id, ms: event.audio_start_ms })
        return
      case 'input_audio_buffer.speech_stopped':
        onEvent({ type: 'speech_stopped', item: event.item_id, ms: event.audio_end_ms })
        return
      case 'input_audio_buffer.committed':
        committed = life === 'finishing'
        endIfWritten()
        return
      case 'conversation.item.input_audio_transcription.delta':
        onEvent({ type: 'delta', item: event.item_id, text: event.delta })
        return
      case 'conversation.item.input_audio_transcription.completed':
        unwritten.delete(event.item_id)
        onEvent({ type: 'completed', item: event.item_id, text: event.transcript })
        endIfWritten()
        return
      case 'error':
        // A last commit that held no speech is an error, too.
        if (life === 'finishing') {
          committed = true
          endIfWritten()
          return
        }
        fail({ code: 'refused', message: event.error.message })
        return
      case 'conversation.item.input_audio_transcription.failed':
        fail({ code: 'refused', message: event.error.message })
        return
      case 'input_audio_buffer.cleared':
      case 'conversation.item.added':
      case 'conversation.item.done':
        return
    }
  })

  return {
    send(pcm) {
      if (life === 'open') {
        append(pcm)
      } else if (life === 'connecting' || life === 'configuring') {
        waiting.push(pcm)
        waitingSamples += pcm.length
        while (waitingSamples > rate * limits.waitingSeconds)
          waitingSamples -= waiting.shift()?.length ?? Infinity
      }
    },
    finish,
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
