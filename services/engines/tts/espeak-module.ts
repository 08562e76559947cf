import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import type { Voice } from './voices.ts'

/** Absolute paths: the module as JavaScript with its WebAssembly inside, and its voices and dictionaries. */
export interface EspeakFiles {
  readonly module: string
  readonly data: string
}

/** The part of @echogarden/espeak-ng-emscripten that we use. */
interface Instance {
  readonly FS: { readdir(path: string): string[] }
  readonly eSpeakNGWorker: new () => Worker
}

interface Worker {
  readonly samplerate: number
  rate: number
  list_voices(): EspeakVoice[]
  /** 0: done. */
  set_voice(identifier: string): number
  /** Blocks, and calls back with each 100 ms; true ends it. */
  synthesize(text: string, callback: (samples: Int16Array) => boolean): void
}

export interface EspeakVoice {
  /** Such as `gmw/en-US`. */
  readonly identifier: string
  readonly languages: readonly { readonly name: string }[]
}

type Create = (options: object) => Promise<Instance>

const variantsFolder = '/usr/share/espeak-ng-data/voices/!v'
/** Words a minute, at speed 1. */
const usualRate = 175

/** One instance, which does one thing at a time. */
export class EspeakModule {
  readonly sampleRate: number
  readonly voices: readonly EspeakVoice[]
  /** Other throats for any voice. */
  readonly variants: readonly string[]
  readonly #create: () => Promise<{ worker: Worker; instance: Instance }>
  #worker: Worker
  #voice = ''

  /** Rejects for files that are not what they should be. */
  static async load(files: EspeakFiles): Promise<EspeakModule> {
    const { default: create } = (await import(pathToFileURL(files.module).href)) as { default: Create }
    const start = async (): Promise<{ worker: Worker; instance: Instance }> => {
      // Given from here: by itself it looks beside its own file, and does not find it where the path has a # or a ?.
      const { buffer } = new Uint8Array(await readFile(files.data))
      const quiet = { print: () => undefined, printErr: () => undefined }
      const instance = await create({ ...quiet, getPreloadedPackage: () => buffer })
      return { worker: new instance.eSpeakNGWorker(), instance }
    }
    const { worker, instance } = await start()
    const variants = instance.FS.readdir(variantsFolder).filter(name => !name.startsWith('.'))
    return new EspeakModule(start, worker, variants)
  }

  private constructor(
    create: () => Promise<{ worker: Worker; instance: Instance }>,
    worker: Worker,
    variants: string[],
  ) {
    this.#create = create
    this.#worker = worker
    this.variants = variants
    this.voices = worker.list_voices()
    this.sampleRate = worker.samplerate
    if (this.voices.length === 0 || this.sampleRate <= 0) throw new Error('it has no voices')
  }

  /** Blocks for about a fiftieth of the time that the speech takes. */
  synthesize(text: string, voice: Voice, speed: number, take: (samples: Int16Array) => void): void {
    if (this.#voice !== voice.id) {
      if (this.#worker.set_voice(voice.id) !== 0) throw new Error(`the voice ${voice.id} can't be set`)
      this.#voice = voice.id
    }
    this.#worker.rate = Math.round(usualRate * speed)
    this.#worker.synthesize(text, samples => {
      take(samples)
      return false
    })
  }

  /** After a failure inside of it nothing is certain of an instance. */
  async renew(): Promise<void> {
    this.#voice = ''
    this.#worker = (await this.#create()).worker
  }
}
