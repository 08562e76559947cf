import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { wavHead, wavHeadBytes } from '../../../lib/wav.ts'
import type { TtsRequest } from '../../core/engine.ts'

/** Speech that grows on the disk, not in memory. */
export class SpeechFile implements AsyncDisposable {
  readonly name: string
  readonly #file: FileHandle
  readonly #sampleRate: number
  readonly #wav: boolean
  #bytes = 0

  static async create(folder: string, format: TtsRequest['format'], sampleRate: number): Promise<SpeechFile> {
    const name = format === 'wav' ? 'speech.wav' : 'speech.pcm'
    const speech = new SpeechFile(name, await open(join(folder, name), 'wx'), sampleRate)
    if (speech.#wav) await speech.#file.write(wavHead(0, sampleRate), 0, wavHeadBytes, 0)
    return speech
  }

  private constructor(name: string, file: FileHandle, sampleRate: number) {
    this.name = name
    this.#file = file
    this.#sampleRate = sampleRate
    this.#wav = name === 'speech.wav'
  }

  get samples(): number {
    return this.#bytes / 2
  }

  async write(pcm: Buffer): Promise<void> {
    const start = this.#wav ? wavHeadBytes : 0
    for (let done = 0; done < pcm.length;) {
      const at = start + this.#bytes + done
      done += (await this.#file.write(pcm, done, pcm.length - done, at)).bytesWritten
    }
    this.#bytes += pcm.length
  }

  /** The head can tell the length only now. */
  async finish(): Promise<void> {
    if (this.#wav) await this.#file.write(wavHead(this.#bytes, this.#sampleRate), 0, wavHeadBytes, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }
}
