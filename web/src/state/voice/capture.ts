import type { MicrophoneProblem } from './messages.ts'

/** A microphone that is on. */
interface Capture {
  /** Of the PCM that `onPcm` gets. */
  readonly rate: 16_000 | 24_000 | 48_000
  close(): void
}

export type CaptureResult =
  | { readonly ok: true; readonly capture: Capture }
  | { readonly ok: false; readonly problem: MicrophoneProblem }

/**
 * Asks for the microphone and turns it on: mono PCM16 in chunks of about 40 ms, at 24 kHz where the browser converts, else
 * at the device's rate. `onLost` says that the device went away later.
 */
export async function openCapture(
  onPcm: (pcm: Int16Array<ArrayBuffer>) => void,
  onLost: () => void,
): Promise<CaptureResult> {
  if (!window.isSecureContext) return { ok: false, problem: { code: 'insecure' } }
  if (!('mediaDevices' in navigator)) return { ok: false, problem: { code: 'unsupported' } }
  let media: MediaStream
  try {
    // Chromium's noise suppression takes quiet words away whole, and its gain control bends them
    // (docs/decisions/002-speech-endpointing.md); the engine levels and gates by itself.
    media = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: false, autoGainControl: false },
    })
  } catch (error) {
    return { ok: false, problem: problemOf(error) }
  }
  const release = (): void => {
    for (const track of media.getTracks()) track.stop()
  }
  let connected: ReturnType<typeof connectSource> | undefined
  try {
    connected = connectSource(media)
    const { context, source, rate } = connected
    await context.audioWorklet.addModule(new URL('../../capture-worklet.js', import.meta.url))
    const node = new AudioWorkletNode(context, 'capture', {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: 'explicit',
      processorOptions: { chunkSamples: Math.round(rate * 0.04) },
    })
    node.port.addEventListener('message', (event: MessageEvent<ArrayBuffer>) =>
      onPcm(new Int16Array(event.data)),
    )
    node.port.start()
    source.connect(node)
    await context.resume()
    media.getAudioTracks()[0]?.addEventListener('ended', onLost)
    const close = (): void => {
      node.port.close()
      release()
      end(context)
    }
    return { ok: true, capture: { rate, close } }
  } catch (error) {
    release()
    if (connected !== undefined) end(connected.context)
    return { ok: false, problem: problemOf(error) }
  }
}

/** Nobody waits for the audio thread to end, and it has no failure that a user could act on. */
function end(context: AudioContext): void {
  context.close().catch((error: unknown) => console.warn(error))
}

/** Firefox can't connect a device to a context of another rate; there, the device's own rate has to be one that the backend takes. */
function connectSource(media: MediaStream): {
  context: AudioContext
  source: MediaStreamAudioSourceNode
  rate: Capture['rate']
} {
  const wanted = new AudioContext({ sampleRate: 24_000 })
  try {
    return { context: wanted, source: wanted.createMediaStreamSource(media), rate: 24_000 }
  } catch (error) {
    end(wanted)
    if (!(error instanceof DOMException) || error.name !== 'NotSupportedError') throw error
    const context = new AudioContext()
    const rate = context.sampleRate
    if (rate === 16_000 || rate === 24_000 || rate === 48_000) {
      return { context, source: context.createMediaStreamSource(media), rate }
    }
    end(context)
    throw error
  }
}

function problemOf(error: unknown): MicrophoneProblem {
  const name = error instanceof DOMException ? error.name : ''
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return { code: 'denied' }
    case 'NotFoundError':
    case 'OverconstrainedError':
      return { code: 'no_device' }
    case 'NotReadableError':
    case 'AbortError':
      return { code: 'device_busy' }
    case 'NotSupportedError':
      return { code: 'unsupported' }
    default:
      return { code: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
}
