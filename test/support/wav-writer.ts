export interface WavFormat {
  readonly rate: number
  readonly channels: number
  readonly bits: 8 | 16 | 24 | 32 | 64
  readonly float?: boolean
  /** WAVE_FORMAT_EXTENSIBLE, with the real code in the subformat. */
  readonly extensible?: boolean
  /** With lengths as of a writer to a pipe, which can not know them. */
  readonly open?: boolean
}

/** A WAV file of any format; each channel has the same samples (-1 to 1). */
export function writeWav(samples: Float32Array, format: WavFormat): Buffer {
  const { rate, channels, bits, float = false, extensible = false, open = false } = format
  const width = bits / 8
  const data = Buffer.alloc(samples.length * channels * width)
  for (const [i, sample] of samples.entries()) {
    for (let c = 0; c < channels; c++) {
      const at = (i * channels + c) * width
      if (float && bits === 64) data.writeDoubleLE(sample, at)
      else if (float) data.writeFloatLE(sample, at)
      else if (bits === 8) data.writeUInt8(Math.round(128 + sample * 127), at)
      else data.writeIntLE(Math.round(sample * (2 ** (bits - 1) - 1)), at, width)
    }
  }
  const code = float ? 3 : 1
  const description = Buffer.alloc(extensible ? 40 : 16)
  description.writeUInt16LE(extensible ? 0xfffe : code, 0)
  description.writeUInt16LE(channels, 2)
  description.writeUInt32LE(rate, 4)
  description.writeUInt32LE(rate * channels * width, 8)
  description.writeUInt16LE(channels * width, 12)
  description.writeUInt16LE(bits, 14)
  if (extensible) description.writeUInt16LE(code, 24)
  const chunk = (name: string, body: Buffer, length = body.length): Buffer => {
    const head = Buffer.alloc(8)
    head.write(name, 'latin1')
    head.writeUInt32LE(length, 4)
    return Buffer.concat([head, body])
  }
  const unknown = open ? 0xffff_ffff : undefined
  const body = [Buffer.from('WAVE'), chunk('fmt ', description), chunk('data', data, unknown)]
  return chunk('RIFF', Buffer.concat(body), unknown)
}
