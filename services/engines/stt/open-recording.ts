import type { FileHandle } from 'node:fs/promises'
import { openPlain } from '../../../lib/open-plain.ts'
import type { WavFault } from '../../../lib/wav.ts'
import { throughFfmpeg } from './ffmpeg.ts'
import { badAudio, type Recording } from './recording.ts'
import { openWav } from './wav-file.ts'

/** The VAD counts samples in 32 bits, and a result has a line of text for each utterance. */
const longestSeconds = 24 * 3600

/** WAV is read here, all else by the machine's ffmpeg. Closes the file at the end of its scope. */
export async function openRecording(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Recording & AsyncDisposable> {
  const file = await open(path)
  try {
    const read = await openWav(file)
    const recording = read.ok ? read.recording : otherwise(read.fault, file, env)
    const { sampleRate, samples } = recording
    // Said before hours of work, where it is known.
    if (samples !== Infinity && samples > longestSeconds * sampleRate) throw badAudio('too_long')
    return {
      sampleRate,
      samples,
      pieces: signal => bounded(recording, signal),
      [Symbol.asyncDispose]: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** A WAV file's encoding may be one that ffmpeg knows, such as ADPCM. */
function otherwise(
  fault: WavFault,
  file: FileHandle,
  env: Readonly<Record<string, string | undefined>>,
): Recording {
  if (fault !== 'not_wav' && fault !== 'encoding') throw badAudio(fault)
  return throughFfmpeg(file, env, fault === 'encoding' ? 'encoding' : 'unknown_format')
}

async function* bounded(recording: Recording, signal: AbortSignal): AsyncGenerator<Float32Array> {
  let left = longestSeconds * recording.sampleRate
  for await (const piece of recording.pieces(signal)) {
    left -= piece.length
    if (left < 0) throw badAudio('too_long')
    yield piece
  }
}

/** What a client can do to its attachment. */
const unusable = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENOTREG', 'ENXIO', 'EACCES', 'ENAMETOOLONG'])

async function open(path: string): Promise<FileHandle> {
  try {
    return await openPlain(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== undefined && unusable.has(code)) throw badAudio('missing')
    throw error
  }
}
