import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { findOnPath } from '../../../lib/find-on-path.ts'
import { wavHead, wavHeadBytes } from '../../../lib/wav.ts'
import { EngineError, type TtsRequest } from '../../core/engine.ts'
import { EncodedFile } from './encoded-file.ts'

/** Speech that grows on the disk, not in memory. One that is left before `finish` is removed. */
export interface SpeechFile extends AsyncDisposable {
  readonly name: string
  /** So many were written. */
  readonly samples: number
  write(pcm: Buffer): Promise<void>
  finish(): Promise<void>
}

/** Throws `no_ffmpeg` where the format needs it and there is none, before anything is made. */
export function checkFormat(
  format: TtsRequest['format'],
  env: Readonly<Record<string, string | undefined>>,
): void {
  if (!isEncoded(format) || findOnPath('ffmpeg', env['PATH']) !== undefined) return
  throw new EngineError({ reason: 'no_ffmpeg', format })
}

function isEncoded(format: TtsRequest['format']): format is 'mp3' | 'opus' {
  return format === 'mp3' || format === 'opus'
}

/** In a format of `request.format`; `env` says where ffmpeg is, which some need, and which the signal ends. */
export async function openSpeech(
  folder: string,
  format: TtsRequest['format'],
  sampleRate: number,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<SpeechFile> {
  if (isEncoded(format)) return EncodedFile.create(folder, format, sampleRate, env, signal)
  return PlainFile.create(folder, format, sampleRate)
}

class PlainFile implements SpeechFile {
  readonly name: string
  readonly #path: string
  readonly #file: FileHandle
  readonly #sampleRate: number
  readonly #start: number
  #bytes = 0
  #finished = false

  static async create(folder: string, format: 'wav' | 'pcm16', sampleRate: number): Promise<PlainFile> {
    const name = format === 'wav' ? 'speech.wav' : 'speech.pcm'
    const path = join(folder, name)
    return new PlainFile(name, path, await open(path, 'wx'), sampleRate)
  }

  private constructor(name: string, path: string, file: FileHandle, sampleRate: number) {
    this.name = name
    this.#path = path
    this.#file = file
    this.#sampleRate = sampleRate
    this.#start = name === 'speech.wav' ? wavHeadBytes : 0
  }

  get samples(): number {
    return this.#bytes / 2
  }

  async write(pcm: Buffer): Promise<void> {
    await this.#put(pcm, this.#start + this.#bytes)
    this.#bytes += pcm.length
  }

  /** The head can tell the length only now. */
  async finish(): Promise<void> {
    if (this.#start > 0) await this.#put(wavHead(this.#bytes, this.#sampleRate), 0)
    this.#finished = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
    if (!this.#finished) await rm(this.#path, { force: true })
  }

  async #put(bytes: Buffer, at: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;)
        done += (await this.#file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      throw new EngineError({ reason: 'not_written', file: this.name, detail: message }, { cause: error })
    }
  }
}
