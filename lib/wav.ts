/** Why bytes are not a WAV file that can be read. */
export type WavFault = 'empty' | 'not_wav' | 'truncated' | 'no_audio' | 'encoding'

export interface Wav {
  readonly sampleRate: number
  readonly channels: number
  /** Sample frames: one sample for each channel. */
  readonly frames: number
  /** Frames as mono (the mean of the channels), -1 to 1. */
  mono(from: number, to: number): Float32Array
}

/** Where a WAV file has its samples, and what they are. */
export interface WavLayout {
  readonly sampleRate: number
  readonly channels: number
  readonly frames: number
  /** Position of the first frame in the file. */
  readonly at: number
  readonly frameBytes: number
  /** Whole frames, as they lie in the file, as `Wav.mono` gives them. */
  mono(frames: Buffer): Float32Array
}

export type Laid = { ok: true; layout: WavLayout } | { ok: false; fault: WavFault }

/** More than any writer puts before the samples; a file of nothing but chunks would be read to its end otherwise. */
const maxChunks = 1000

/** A whole file that is in memory; what is understood: see `layOut`. */
export function parseWav(bytes: Uint8Array): { ok: true; wav: Wav } | { ok: false; fault: WavFault } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const reading = layOut(view.length)
  let step = reading.next()
  while (!step.done) step = reading.next(view.subarray(step.value.at, step.value.at + step.value.length))
  if (!step.value.ok) return step.value
  const { layout } = step.value
  const { sampleRate, channels, frames, at, frameBytes } = layout
  const wav: Wav = {
    sampleRate,
    channels,
    frames,
    mono: (from, to) =>
      layout.mono(
        view.subarray(at + from * frameBytes, at + Math.max(from, Math.min(to, frames)) * frameBytes),
      ),
  }
  return { ok: true, wav }
}

/**
 * Reads a RIFF WAVE file (Microsoft, "Multiple channel audio data and WAVE files"): PCM of 8, 16, 24 or 32 bits and float
 * of 32 or 64, any number of channels. Lengths that a writer to a pipe could not know (0 or near the type's end) mean
 * "to the end of the file", as ffmpeg and sox write them. Asks for the bytes that it needs, which may be fewer at the end
 * of the file.
 */
export function* layOut(
  fileBytes: number,
): Generator<{ readonly at: number; readonly length: number }, Laid, Buffer> {
  if (fileBytes === 0) return { ok: false, fault: 'empty' }
  const head = yield { at: 0, length: 12 }
  if (head.length < 12 || tag(head, 0) !== 'RIFF' || tag(head, 8) !== 'WAVE') {
    return { ok: false, fault: 'not_wav' }
  }
  let format: Format | undefined
  let at = 12
  for (let chunks = 0; at + 8 <= fileBytes && chunks < maxChunks; chunks++) {
    const chunk = yield { at, length: 8 }
    if (chunk.length < 8) break
    const name = tag(chunk, 0)
    const size = chunk.readUInt32LE(4)
    const body = at + 8
    if (name === 'fmt ') {
      if (size < 16 || body + size > fileBytes) return { ok: false, fault: 'no_audio' }
      const length = Math.min(size, 40)
      const description = yield { at: body, length }
      if (description.length < length) break
      format = readFormat(description)
      if (format === undefined) return { ok: false, fault: 'encoding' }
    } else if (name === 'data') {
      if (format === undefined) return { ok: false, fault: 'no_audio' }
      const left = fileBytes - body
      const open = size >= 0x7ffff000 || (size === 0 && left > 0)
      if (size > left && !open) return { ok: false, fault: 'truncated' }
      return { ok: true, layout: layoutOf(format, body, open ? left : size) }
    }
    // Chunks are padded to an even length.
    at = body + size + (size % 2)
  }
  return { ok: false, fault: 'no_audio' }
}

/** A mono PCM16 file. */
export function encodeWav(samples: Float32Array, sampleRate: number): Buffer {
  const file = Buffer.alloc(wavHeadBytes + samples.length * 2)
  wavHead(samples.length * 2, sampleRate).copy(file)
  for (const [i, sample] of samples.entries()) {
    file.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32767), wavHeadBytes + i * 2)
  }
  return file
}

export const wavHeadBytes = 44

/** What stands before the samples of a mono PCM16 file. Over 4 GB, which has no number there, they go to its end. */
export function wavHead(dataBytes: number, sampleRate: number): Buffer {
  const most = 0xffff_ffff
  const head = Buffer.alloc(wavHeadBytes)
  head.write('RIFF', 0, 'latin1')
  head.writeUInt32LE(Math.min(most, wavHeadBytes - 8 + dataBytes), 4)
  head.write('WAVEfmt ', 8, 'latin1')
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(sampleRate, 24)
  head.writeUInt32LE(sampleRate * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36, 'latin1')
  head.writeUInt32LE(Math.min(most, dataBytes), 40)
  return head
}

interface Format {
  readonly channels: number
  readonly sampleRate: number
  readonly bytes: number
  readonly read: (view: Buffer, at: number) => number
}

const readers: Record<string, (view: Buffer, at: number) => number> = {
  // Eight bits are unsigned in this format, all others signed.
  'pcm 8': (view, at) => (view.readUInt8(at) - 128) / 128,
  'pcm 16': (view, at) => view.readInt16LE(at) / 32768,
  'pcm 24': (view, at) => view.readIntLE(at, 3) / 8388608,
  'pcm 32': (view, at) => view.readInt32LE(at) / 2147483648,
  'float 32': (view, at) => view.readFloatLE(at),
  'float 64': (view, at) => view.readDoubleLE(at),
}

function readFormat(view: Buffer): Format | undefined {
  const code = view.readUInt16LE(0)
  // 0xFFFE is WAVE_FORMAT_EXTENSIBLE: the real code is the start of the subformat's GUID.
  const real = code === 0xfffe && view.length >= 26 ? view.readUInt16LE(24) : code
  const kind = { 1: 'pcm', 3: 'float' }[real]
  const bits = view.readUInt16LE(14)
  const read = readers[`${kind ?? ''} ${bits}`]
  const channels = view.readUInt16LE(2)
  const sampleRate = view.readUInt32LE(4)
  if (read === undefined || channels === 0 || channels > 64) return undefined
  if (sampleRate < 1000 || sampleRate > 768_000) return undefined
  return { channels, sampleRate, bytes: bits / 8, read }
}

function layoutOf({ channels, sampleRate, bytes, read }: Format, at: number, dataBytes: number): WavLayout {
  const frameBytes = bytes * channels
  const mono = (frames: Buffer): Float32Array => {
    const samples = new Float32Array(Math.floor(frames.length / frameBytes))
    for (let frame = 0; frame < samples.length; frame++) {
      let sum = 0
      for (let c = 0; c < channels; c++) sum += read(frames, frame * frameBytes + c * bytes)
      // A float file may hold anything, NaN included, which would poison all that is computed from it.
      const mean = sum / channels
      samples[frame] = Number.isFinite(mean) ? mean : 0
    }
    return samples
  }
  return { sampleRate, channels, frames: Math.floor(dataBytes / frameBytes), at, frameBytes, mono }
}

function tag(view: Buffer, at: number): string {
  return view.toString('latin1', at, at + 4)
}
