import type { Socket } from 'node:net'

/** What a frame holds: raw bytes (audio) or JSON. */
export const frameType = { bytes: 0, json: 1 } as const

export interface Frame {
  readonly type: number
  readonly payload: Buffer
}

/** Hardly a frame of ours is near this size; a longer one means that the peer is lost or hostile. */
const maxPayload = 16 * 1024 * 1024

/** Its message: `17000000 bytes, over the limit of 16777216`. */
export class FrameTooLarge extends Error {
  constructor(bytes: number) {
    super(`${bytes} bytes, over the limit of ${maxPayload}`)
  }
}

/** One frame: payload length (uint32, little-endian), type (one byte), payload. Throws what the peer would not take. */
export function encodeFrame(type: number, payload: Uint8Array): Buffer {
  if (payload.length > maxPayload) throw new FrameTooLarge(payload.length)
  const frame = Buffer.allocUnsafe(5 + payload.length)
  frame.writeUInt32LE(payload.length, 0)
  frame.writeUInt8(type, 4)
  frame.set(payload, 5)
  return frame
}

export function encodeJsonFrame(value: unknown): Buffer {
  return encodeFrame(frameType.json, Buffer.from(JSON.stringify(value)))
}

/** Cuts a byte stream into frames, whatever pieces it arrives in. `push` throws a FrameTooLarge. */
export class FrameDecoder {
  #pending: Buffer = Buffer.alloc(0)

  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = []
    this.#pending = this.#pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#pending, chunk])
    while (this.#pending.length >= 5) {
      const length = this.#pending.readUInt32LE(0)
      if (length > maxPayload) throw new FrameTooLarge(length)
      if (this.#pending.length < 5 + length) break
      const type = this.#pending.readUInt8(4)
      const payload = this.#pending.subarray(5, 5 + length)
      this.#pending = this.#pending.subarray(5 + length)
      frames.push({ type, payload })
    }
    return frames
  }
}

/** The frames of a socket until it ends. */
export async function* readFrames(socket: Socket): AsyncGenerator<Frame> {
  const decoder = new FrameDecoder()
  for await (const chunk of socket) yield* decoder.push(chunk as Buffer)
}
