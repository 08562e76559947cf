import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { EngineSetup } from '../../../core/engine.ts'
import { residentBytes } from '../../shared/process-tree.ts'
import type { Brush, OnStep, Picture } from '../paint-all.ts'
import type { WholeStroke } from './api.ts'
import { failed, LastWords, type Painter, pictureOf, whole, withoutLora } from './painter.ts'
import type { DiffusionProgram } from './program.ts'
import { Steps } from './steps.ts'

/** Relative to its working directory: in a path of somebody's choice, `%d` would be a number to it. */
const file = 'painting.png'

/** stable-diffusion.cpp's command, which loads the model for each picture anew. */
export class DiffusionCommand implements Painter {
  readonly #program: DiffusionProgram
  readonly #args: readonly string[]
  readonly #env: EngineSetup['env']
  #pid: number | undefined

  constructor(program: DiffusionProgram, weights: readonly string[], { threads, gpu, env }: EngineSetup) {
    this.#program = program
    this.#env = env
    const llm = program.flags.has('--llm') ? '--llm' : '--qwen2vl'
    const processor = !gpu && program.flags.has('--backend') ? ['--backend', 'cpu'] : []
    const files = weights.map(word => (word === '--llm' ? llm : word))
    this.#args = [...files, '--threads', String(threads), ...withoutLora, ...processor]
  }

  get samplers(): readonly string[] | undefined {
    return this.#program.samplers
  }

  get memory(): number {
    return this.#pid === undefined ? 0 : residentBytes(this.#pid)
  }

  paint(folder: string): Brush {
    return async (stroke, signal, onStep) => {
      try {
        return await this.#paint(folder, whole(stroke), signal, onStep)
      } finally {
        await rm(join(folder, file), { force: true })
      }
    }
  }

  async #paint(folder: string, stroke: WholeStroke, signal: AbortSignal, onStep: OnStep): Promise<Picture> {
    const { steps, guidance, sampler } = stroke
    const words = await this.#run(folder, argumentsOf(stroke), signal, (step, of) =>
      of === steps ? onStep(step, of) : undefined,
    )
    const png = await readOrUndefined(join(folder, file))
    if (png === undefined) throw failed(words)
    return { png: pictureOf(png), steps, guidance, sampler }
  }

  /** What it said last. */
  async #run(folder: string, args: readonly string[], signal: AbortSignal, onStep: OnStep): Promise<string> {
    const program = this.#program.path
    const child = spawn(program, [...this.#args, ...args], {
      cwd: folder,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    })
    this.#pid = child.pid
    const bars = new Steps()
    const words = new LastWords()
    child.stderr.on('data', (bytes: Buffer) => words.take(bytes.toString('latin1')))
    child.stdout.on('data', (bytes: Buffer) => {
      const text = bytes.toString('latin1')
      words.take(text)
      for (const { type, done, of } of bars.take(text)) if (type === 'step') onStep(done, of)
    })
    const how = await endOf(child)
    this.#pid = undefined
    signal.throwIfAborted()
    return `${basename(program)}: ${how}: ${words.text}`
  }
}

function argumentsOf(stroke: WholeStroke): readonly string[] {
  const values: readonly (readonly [string, string | number | undefined])[] = [
    ['--prompt', stroke.prompt],
    ['--negative-prompt', stroke.negativePrompt],
    ['--width', stroke.width],
    ['--height', stroke.height],
    ['--steps', stroke.steps],
    ['--cfg-scale', stroke.guidance],
    ['--seed', stroke.seed ?? 0],
    ['--sampling-method', stroke.sampler],
    ['--output', file],
  ]
  return values.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]))
}

/** Not `once`, which takes the error of an abort for the end, before the process is gone. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise(resolve => {
    child.once('error', error => (child.pid === undefined ? resolve(error.message) : undefined))
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
}

async function readOrUndefined(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
