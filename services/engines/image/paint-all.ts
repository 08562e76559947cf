import { randomInt } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  EngineError,
  type EngineJob,
  type ImageRequest,
  type Painted,
  type PaintLine,
} from '../../core/engine.ts'
import { infotext } from './infotext.ts'
import { readPng, withText } from './png.ts'

/** One picture to be made. What is undefined, the engine chooses. */
export interface Stroke {
  readonly prompt: string
  readonly negativePrompt: string | undefined
  readonly width: number | undefined
  readonly height: number | undefined
  readonly steps: number | undefined
  readonly guidance: number | undefined
  readonly sampler: string | undefined
  /** Undefined where the engine has no seeds. */
  readonly seed: number | undefined
}

/** What became of it; it says what it knows of how it was made. */
export interface Picture {
  /** A PNG file, checked. */
  readonly png: Buffer
  readonly steps?: number | undefined
  readonly guidance?: number | undefined
  readonly sampler?: string | undefined
  readonly seed?: number | undefined
  readonly revisedPrompt?: string | undefined
}

export type OnStep = (step: number, steps: number) => void
export type Brush = (stroke: Stroke, signal: AbortSignal, onStep: OnStep) => Promise<Picture>

export interface PaintOptions {
  /** Of the model's settings, for what a request leaves open. */
  readonly usual?: { readonly [Key in 'width' | 'height' | 'steps' | 'guidance' | 'sampler']?: Stroke[Key] }
  /** Whether pictures have seeds that we choose. */
  readonly seeds: boolean
  readonly brush: Brush
}

const seeds = 2 ** 32

/** Answers a request picture by picture: one that is cancelled ends at the next step, and each has a seed that we know. */
export async function paintAll(job: EngineJob, options: PaintOptions): Promise<Omit<Painted, 'model'>> {
  const { signal } = job
  const request = checked(job)
  const { seeds: seeded, usual = {}, brush } = options
  const start = performance.now()
  const first = seeded ? (request.seed ?? randomInt(seeds)) : undefined
  const { count: images } = request
  const files: Painted['images'] = []
  let last: Picture | undefined
  for (let image = 1; image <= images; image++) {
    signal.throwIfAborted()
    const stroke: Stroke = {
      prompt: request.prompt,
      negativePrompt: request.negativePrompt,
      width: request.width ?? usual.width,
      height: request.height ?? usual.height,
      steps: request.steps ?? usual.steps,
      guidance: request.guidance ?? usual.guidance,
      sampler: request.sampler ?? usual.sampler,
      seed: first === undefined ? undefined : (first + image - 1) % seeds,
    }
    let said = 0
    last = await brush(stroke, signal, (step, steps) => {
      // A step may be seen twice, and never goes back.
      if (step <= said) return
      said = step
      job.say({ type: 'step', step, steps, image, images } satisfies PaintLine)
    })
    signal.throwIfAborted()
    const file = `image-${image}.png`
    const { width, height } = await keepPicture(join(job.out, file), last, stroke)
    const seed = last.seed ?? stroke.seed
    files.push({ file, ...(seed === undefined ? {} : { seed }), width, height })
  }
  const { prompt, negativePrompt } = request
  const { steps, guidance, sampler, revisedPrompt } = last ?? {}
  return {
    images: files,
    prompt,
    ...(negativePrompt === undefined ? {} : { negativePrompt }),
    ...(steps === undefined ? {} : { steps }),
    ...(guidance === undefined ? {} : { guidance }),
    ...(sampler === undefined ? {} : { sampler }),
    ...(revisedPrompt === undefined ? {} : { revisedPrompt }),
    elapsedMs: Math.round(performance.now() - start),
  }
}

/** With what it was made of written into it, unless its maker has done that. Throws `no_space`. */
export async function keepPicture(
  path: string,
  picture: Picture,
  stroke: Stroke,
): Promise<{ width: number; height: number }> {
  const { width, height, texts } = readPng(picture.png)
  const told = texts.includes('parameters')
  const bytes = told
    ? picture.png
    : withText(picture.png, 'parameters', infotext(stroke, picture, width, height))
  try {
    await writeFile(path, bytes)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error
    throw new EngineError({ reason: 'no_space' }, { cause: error })
  }
  return { width, height }
}

function checked({ request }: EngineJob): ImageRequest {
  if (request.kind !== 'paint') throw new EngineError({ reason: 'unsupported', what: request.kind })
  if (request.prompt.trim() === '')
    throw new EngineError({ reason: 'bad_request', detail: 'the prompt is empty' })
  // Programs can't be given it.
  if (`${request.prompt}${request.negativePrompt ?? ''}`.includes('\0'))
    throw new EngineError({ reason: 'bad_request', detail: 'the prompt holds a NUL character' })
  return request
}
