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

/**
 * Reads a RIFF WAVE file (Microsoft, "Multiple channel audio data and WAVE files"): PCM of 8, 16, 24 or 32 bits and float
 * of 32 or 64, any number of channels. Lengths that a writer to a pipe could not know (0 or near the type's end) mean
 * "to the end of the file", as ffmpeg and sox write them.
 */
export function parseWav(bytes: Uint8Array): { ok: true; wav: Wav } | { ok: false; fault: WavFault } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length === 0) return { ok: false, fault: 'empty' }
  if (view.length < 12 || tag(view, 0) !== 'RIFF' || tag(view, 8) !== 'WAVE') {
    return { ok: false, fault: 'not_wav' }
  }
  let format: Format | undefined
  for (let at = 12; at + 8 <= view.length;) {
    const name = tag(view, at)
    const size = view.readUInt32LE(at + 4)
    const body = at + 8
    if (name === 'fmt ') {
      if (size < 16 || body + size > view.length) return { ok: false, fault: 'no_audio' }
      format = readFormat(view.subarray(body, body + size))
      if (format === undefined) return { ok: false, fault: 'encoding' }
    } else if (name === 'data') {
      if (format === undefined) return { ok: false, fault: 'no_audio' }
      const left = view.length - body
      const open = size >= 0x7ffff000 || (size === 0 && left > 0)
      if (size > left && !open) return { ok: false, fault: 'truncated' }
      return { ok: true, wav: wavOf(format, view.subarray(body, open ? view.length : body + size)) }
    }
    // Chunks are padded to an even length.
    at = body + size + (size % 2)
  }
  return { ok: false, fault: 'no_audio' }
}

/** A mono PCM16 file. */
export function encodeWav(samples: Float32Array, sampleRate: number): Buffer {
  const file = Buffer.alloc(44 + samples.length * 2)
  file.write('RIFF', 0, 'latin1')
  file.writeUInt32LE(file.length - 8, 4)
  file.write('WAVEfmt ', 8, 'latin1')
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(1, 22)
  file.writeUInt32LE(sampleRate, 24)
  file.writeUInt32LE(sampleRate * 2, 28)
  file.writeUInt16LE(2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36, 'latin1')
  file.writeUInt32LE(samples.length * 2, 40)
  for (const [i, sample] of samples.entries()) {
    file.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32767), 44 + i * 2)
  }
  return file
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

function wavOf({ channels, sampleRate, bytes, read }: Format, data: Buffer): Wav {
  const frames = Math.floor(data.length / (bytes * channels))
  const mono = (from: number, to: number) => {
    const end = Math.min(to, frames)
    const samples = new Float32Array(Math.max(0, end - from))
    for (let frame = from; frame < end; frame++) {
      let sum = 0
      for (let c = 0; c < channels; c++) sum += read(data, (frame * channels + c) * bytes)
      // A float file may hold anything, NaN included, which would poison all that is computed from it.
      const mean = sum / channels
      samples[frame - from] = Number.isFinite(mean) ? mean : 0
    }
    return samples
  }
  return { sampleRate, channels, frames, mono }
}

function tag(view: Buffer, at: number): string {
  return view.toString('latin1', at, at + 4)
}
