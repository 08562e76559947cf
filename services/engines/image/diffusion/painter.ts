import { EngineError } from '../../../core/engine.ts'
import type { Brush, Stroke } from '../paint-all.ts'
import { PngError, readPng } from '../png.ts'
import type { WholeStroke } from './api.ts'

/** What paints for the engine: stable-diffusion.cpp's server, or its command. */
export interface Painter {
  /** The folder of the second argument is its job's, where a file may lie for a moment. */
  readonly paint: (folder: string) => Brush
  /** By name; undefined where nobody knows. */
  readonly samplers: readonly string[] | undefined
  /** Bytes of what it started. */
  readonly memory: number
}

/** stable-diffusion.cpp's own defaults, where neither the request nor the model says more. */
const defaults = { width: 512, height: 512, steps: 20, guidance: 7 } as const

/** Nothing is left open but the sampler, which is the model's own. */
export function whole(stroke: Stroke): WholeStroke {
  const { width, height, steps, guidance } = stroke
  return {
    ...stroke,
    width: width ?? defaults.width,
    height: height ?? defaults.height,
    steps: steps ?? defaults.steps,
    guidance: guidance ?? defaults.guidance,
  }
}

const keptText = 4000
const keptLines = 3

/** It would open each file that a tag in a prompt names (`<lora:FILE:1>`), and the server list all that are below the folder. */
export const withoutLora = ['--lora-model-dir', ''] as const

/** What a program printed last, without its bars. */
export class LastWords {
  #text = ''

  take(text: string): void {
    this.#text = `${this.#text}${text}`.slice(-keptText)
  }

  get text(): string {
    const lines = this.#text.split(/[\r\n]+/).map(line => line.trim())
    return lines
      .filter(line => line !== '' && !line.startsWith('|'))
      .slice(-keptLines)
      .join(' / ')
  }
}

/** A checked PNG file. Throws for all else. */
export function pictureOf(png: Buffer): Buffer {
  try {
    readPng(png)
    return png
  } catch (error) {
    if (!(error instanceof PngError)) throw error
    throw failed(`it made ${error.message}`)
  }
}

/** Of a picture that was not made, with the last words of the program, which tell memory from all else. */
export function failed(detail: string): EngineError {
  if (/out of memory|failed to allocate|not enough memory|alloc.* failed/i.test(detail))
    return new EngineError({ reason: 'out_of_memory', detail })
  return new EngineError({ reason: 'internal', detail: `stable-diffusion.cpp: ${detail}` })
}
