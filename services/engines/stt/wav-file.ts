import type { FileHandle } from 'node:fs/promises'
import { layOut, type WavFault, type WavLayout } from '../../../lib/wav.ts'
import { badAudio, type Recording } from './recording.ts'

type Opened = { ok: true; recording: Recording } | { ok: false; fault: WavFault }

/** Of one read: a second of 64 channels would be too much. */
const mostBytes = 1024 * 1024

/** A WAV file of any length, read piece by piece. */
export async function openWav(file: FileHandle): Promise<Opened> {
  const reading = layOut((await file.stat()).size)
  let step = reading.next()
  while (!step.done) step = reading.next(await readAt(file, step.value.at, Buffer.alloc(step.value.length)))
  if (!step.value.ok) return step.value
  const { layout } = step.value
  const { sampleRate, frames } = layout
  return { ok: true, recording: { sampleRate, samples: frames, pieces: () => pieces(file, layout) } }
}

async function* pieces(file: FileHandle, layout: WavLayout): AsyncGenerator<Float32Array> {
  const { sampleRate, frames, frameBytes, at } = layout
  const step = Math.min(sampleRate, Math.floor(mostBytes / frameBytes))
  const room = Buffer.alloc(step * frameBytes)
  for (let frame = 0; frame < frames; frame += step) {
    const wanted = room.subarray(0, Math.min(step, frames - frame) * frameBytes)
    const bytes = await readAt(file, at + frame * frameBytes, wanted)
    // It was longer when it was opened.
    if (bytes.length < wanted.length) throw badAudio('truncated')
    yield layout.mono(bytes)
  }
}

/** Fills the room; what it returns is shorter where the file ends. */
async function readAt(file: FileHandle, at: number, room: Buffer): Promise<Buffer> {
  let have = 0
  while (have < room.length) {
    const { bytesRead } = await file.read(room, have, room.length - have, at + have)
    if (bytesRead === 0) break
    have += bytesRead
  }
  return room.subarray(0, have)
}
