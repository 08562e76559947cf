import { createWavStream } from './wav-stream.ts'

export interface Player {
  /** Within a press or a key: from then on the browser plays sound. */
  wake(): void
  /** Nothing is to be played for now: the sound device is let go. */
  rest(): void
  /**
   * Plays a WAV file while it comes; resolves when the last of it was heard (`broken`: more was to come, but the connection
   * was lost), or at once with `other` if it is none. Aborting makes it silent at once. What is far from being heard is left
   * unread, so that the server waits.
   */
  play(
    bytes: ReadableStream<Uint8Array>,
    signal: AbortSignal,
    tell: (state: 'playing' | 'blocked') => void,
  ): Promise<'done' | 'broken' | 'other'>
}

/** What most voices are made at; the browser converts to the device's own. */
const rate = 24_000
/** So many seconds of sound are prepared at most. */
const ahead = 5
/** Between the first piece's arrival and its sound, against a gap behind it. */
const leadIn = 0.06

export function createPlayer(): Player {
  const context = new AudioContext({ sampleRate: rate })
  const wake = (): void => {
    // Stays pending until the page is touched, so nobody waits for it here.
    context.resume().catch((error: unknown) => console.warn(error))
  }
  return {
    wake,
    rest: () => void context.suspend().catch((error: unknown) => console.warn(error)),
    async play(bytes, signal, tell) {
      const sounding = new Set<AudioBufferSourceNode>()
      const silence = (): void => {
        for (const node of sounding) node.stop()
      }
      signal.addEventListener('abort', silence)
      const decode = createWavStream(rate)
      let end = 0
      const schedule = (sound: Float32Array<ArrayBuffer>): void => {
        const buffer = context.createBuffer(1, sound.length, rate)
        buffer.copyToChannel(sound, 0)
        const node = new AudioBufferSourceNode(context, { buffer })
        node.connect(context.destination)
        sounding.add(node)
        node.addEventListener('ended', () => sounding.delete(node))
        end = Math.max(end, context.currentTime + leadIn)
        node.start(end)
        end += buffer.duration
      }
      const reader = bytes.getReader()
      try {
        for (;;) {
          const value = await next(reader, signal)
          if (typeof value === 'string') {
            while (sounding.size > 0) await ended(sounding, signal)
            return value
          }
          const sound = decode(value)
          if (sound === 'other') return 'other'
          if (sound.length === 0) continue
          if (end === 0) await running(context, wake, signal, () => tell('blocked'))
          if (end === 0) tell('playing')
          schedule(sound)
          while (end - context.currentTime > ahead) await ended(sounding, signal)
        }
      } finally {
        signal.removeEventListener('abort', silence)
        // Also ends the request, and with it the job of the server. One that has failed says so again here.
        reader.cancel().catch(() => undefined)
      }
    },
  }
}

async function next(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  signal: AbortSignal,
): Promise<Uint8Array | 'done' | 'broken'> {
  try {
    const { value } = await reader.read()
    signal.throwIfAborted()
    return value ?? 'done'
  } catch {
    // Whatever it is, the rest doesn't come.
    signal.throwIfAborted()
    return 'broken'
  }
}

/** Until the browser plays sound, which may take a press or a key somewhere on the page. */
async function running(
  context: AudioContext,
  wake: () => void,
  signal: AbortSignal,
  blocked: () => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const over = new AbortController()
  const check = (): void => {
    if (context.state === 'running') resolve()
  }
  const options = { signal: over.signal }
  context.addEventListener('statechange', check, options)
  for (const touch of ['pointerup', 'keydown']) window.addEventListener(touch, wake, options)
  signal.addEventListener('abort', () => reject(signal.reason as Error), options)
  const patience = setTimeout(blocked, 300)
  check()
  try {
    await promise
  } finally {
    clearTimeout(patience)
    over.abort()
  }
}

/** The next piece to end. */
async function ended(sounding: ReadonlySet<AudioBufferSourceNode>, signal: AbortSignal): Promise<void> {
  const [first] = sounding
  if (first === undefined) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const over = new AbortController()
  first.addEventListener('ended', () => resolve(), { signal: over.signal })
  // What was stopped while the context sleeps never says that it ended.
  signal.addEventListener('abort', () => resolve(), { signal: over.signal })
  await promise
  over.abort()
  signal.throwIfAborted()
}
