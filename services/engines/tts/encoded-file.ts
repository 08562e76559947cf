import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../../core/engine.ts'
import type { SpeechFile } from './speech-file.ts'

/** Of one voice: more is not heard by most, less is by many. For Opus: RFC 6716, section 2.1.1, "full-band speech". */
const bitRates = { mp3: '64k', opus: '32k' } as const
const codecs = {
  mp3: ['-c:a', 'libmp3lame', '-b:a', bitRates.mp3, '-f', 'mp3'],
  // An Ogg Opus file is one of 48 kHz, whatever went in.
  opus: ['-c:a', 'libopus', '-application', 'voip', '-b:a', bitRates.opus, '-ar', '48000', '-f', 'ogg'],
} as const
/** Of a file in which nobody says anything: players take one without any sound for damaged. */
const leastSeconds = 0.05
const wordsBytes = 4000

/** Speech that ffmpeg makes into MP3 or Opus while it comes. */
export class EncodedFile implements SpeechFile {
  readonly name: string
  readonly #path: string
  readonly #format: keyof typeof codecs
  readonly #sampleRate: number
  readonly #ffmpeg: ChildProcess
  /** Its exit code or signal, or why it did not start. */
  readonly #ended: Promise<number | string | Error>
  #words = ''
  #bytes = 0
  #finished = false

  /** Throws `no_ffmpeg` where there is none on the PATH of `env`. */
  static async create(
    folder: string,
    format: keyof typeof codecs,
    sampleRate: number,
    env: Readonly<Record<string, string | undefined>>,
    signal: AbortSignal,
  ): Promise<EncodedFile> {
    const file = new EncodedFile(folder, format, sampleRate, env, signal)
    const started = once(file.#ffmpeg, 'spawn').then(
      () => undefined,
      (error: unknown) => error,
    )
    if ((await started) !== undefined) await file.#fail()
    return file
  }

  private constructor(
    folder: string,
    format: keyof typeof codecs,
    sampleRate: number,
    env: Readonly<Record<string, string | undefined>>,
    signal: AbortSignal,
  ) {
    this.name = `speech.${format}`
    this.#path = join(folder, this.name)
    this.#format = format
    this.#sampleRate = sampleRate
    const input = ['-f', 's16le', '-ar', `${sampleRate}`, '-ac', '1', '-i', 'pipe:0']
    this.#ffmpeg = spawn(
      'ffmpeg',
      ['-v', 'error', '-threads', '1', ...input, ...codecs[format], `file:${this.#path}`],
      // No more of the environment: some of its variables make ffmpeg write files.
      {
        env: { PATH: env['PATH'], LC_ALL: 'C' },
        stdio: ['pipe', 'ignore', 'pipe'],
        signal,
        killSignal: 'SIGKILL',
      },
    )
    this.#ended = once(this.#ffmpeg, 'close').then(
      ([code, signal]) => (code ?? signal) as number | string,
      (error: unknown) => error as Error,
    )
    // When it is gone its end says why.
    this.#ffmpeg.stdin?.on('error', () => undefined)
    this.#ffmpeg.stderr?.setEncoding('utf8').on('data', (more: string) => {
      if (this.#words.length < wordsBytes) this.#words += more
    })
  }

  get samples(): number {
    return this.#bytes / 2
  }

  /** Resolves when there is room for more. */
  async write(pcm: Buffer): Promise<void> {
    this.#bytes += pcm.length
    const { stdin } = this.#ffmpeg
    if (stdin === null || pcm.length === 0 || stdin.write(pcm)) return
    const room = new AbortController()
    const drained = once(stdin, 'drain', { signal: room.signal }).then(
      () => true,
      () => this.#ended.then(() => false),
    )
    const goesOn = await Promise.race([drained, this.#ended.then(() => false)])
    room.abort()
    if (!goesOn) await this.#fail()
  }

  async finish(): Promise<void> {
    const { stdin } = this.#ffmpeg
    if (this.#bytes === 0) stdin?.write(Buffer.alloc(Math.round(leastSeconds * this.#sampleRate) * 2))
    stdin?.end()
    if ((await this.#ended) !== 0) await this.#fail()
    this.#finished = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ffmpeg.kill('SIGKILL')
    await this.#ended
    if (!this.#finished) await rm(this.#path, { force: true })
  }

  async #fail(): Promise<never> {
    const end = await this.#ended
    if (end instanceof Error && (end as NodeJS.ErrnoException).code === 'ENOENT')
      throw new EngineError({ reason: 'no_ffmpeg', format: this.#format }, { cause: end })
    await rm(this.#path, { force: true })
    const words = this.#words.replaceAll(`file:${this.#path}`, this.name)
    const last = words.trim().split('\n').at(-1)?.trim() ?? ''
    const how = end instanceof Error ? end.message : typeof end === 'string' ? end : `exit code ${end}`
    const detail = `ffmpeg: ${last === '' ? how : `${last.slice(0, 300)} (${how})`}`
    throw new EngineError({ reason: 'not_written', file: this.name, detail })
  }
}
