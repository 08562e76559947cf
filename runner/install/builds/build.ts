import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Io } from '../../../lib/io.ts'
import { type Problem, ProblemError } from '../../../lib/problem.ts'
import { acquire } from '../../../models/download/lock.ts'
import { checkSpace } from '../../../models/download/space.ts'
import { lookAtMachine, type Machine } from '../../../models/machine.ts'
import { messages as modelMessages } from '../../../models/messages.ts'
import { builtIn } from '../../../models/programs.ts'
import { messages } from '../messages.ts'
import type { ProgressLine } from '../progress.ts'
import { runLogged } from '../run-logged.ts'
import type { Step } from '../step.ts'
import { type Backend, backendOptions } from './backend.ts'
import { lastWords } from './last-words.ts'
import { bringSources } from './sources.ts'
import { type Stamp, stampName, stampOf } from './stamp.ts'

export type BuildStep = Extract<Step, { type: 'build_program' }>

/** What is written in the hidden folder. */
export interface BuildPlace {
  /** `<root>/.runtime/programs`. */
  readonly base: string
  readonly hidden: string
  readonly log: string
}

/**
 * Sources → cmake → the program under its name, whole or not at all. What a try has left behind, also a killed one, the next
 * one removes first; only a download goes on. The log is kept where it failed.
 */
export async function buildProgram(
  step: BuildStep,
  io: Io,
  progress: Pick<ProgressLine, 'update' | 'note' | 'percent'>,
): Promise<Problem | undefined> {
  const { program, root } = step
  const base = join(root, '.runtime/programs')
  const hidden = join(base, `.build-${program.folder}`)
  const place = { base, hidden, log: join(base, `${program.folder}-build.log`) }
  const lock = await acquire(join(base, `.lock-${program.folder}`), io.signal, () =>
    progress.note('another run is just building it'),
  )
  try {
    if (lock?.waited === true && stampOf(builtIn(program, root))?.version === program.version)
      return undefined
    await rm(hidden, { recursive: true, force: true })
    await rm(place.log, { force: true })
    await mkdir(hidden, { recursive: true })
    checkSpace([{ folder: hidden, bytes: program.buildBytes }])
    const failed =
      (await bringSources(step, place, io, progress)) ?? (await compileAny(step, place, io, progress))
    if (failed !== undefined) return failed
    await rm(place.log, { force: true })
    return undefined
  } catch (error) {
    if (error instanceof ProblemError) return error.problem
    throw error
  } finally {
    try {
      await rm(hidden, { recursive: true, force: true })
    } finally {
      // Also where remains can't be removed, such as another user's: whoever waits would wait until this process ends.
      lock?.release()
    }
  }
}

/** For the card, and where that fails, for the processor. */
async function compileAny(
  step: BuildStep,
  place: BuildPlace,
  io: Io,
  progress: Pick<ProgressLine, 'note' | 'percent'>,
): Promise<Problem | undefined> {
  const failed = await compile(step, step.backend, place, io, progress)
  if (failed === undefined || (step.backend !== 'cuda' && step.backend !== 'vulkan') || io.signal.aborted)
    return failed
  if (failed.code === 'no_space') return failed
  progress.note(`it could not be built for ${step.backend}, so it is built for the processor`)
  return compile(step, 'cpu', place, io, progress)
}

async function compile(
  { program }: BuildStep,
  backend: Backend,
  { base, hidden, log }: BuildPlace,
  io: Io,
  progress: Pick<ProgressLine, 'percent'>,
): Promise<Problem | undefined> {
  const build = join(hidden, `build-${backend}`)
  const binary = join(build, program.binary)
  const configure = [
    '-S',
    join(hidden, 'sources'),
    '-B',
    build,
    ...program.options,
    ...backendOptions[backend],
  ]
  const make = ['--build', build, '--target', program.target, '-j', String(jobsFor(lookAtMachine()))]
  // Whoever looks for its version asks git, and would find ours, around it.
  const env = { ...io.env, GIT_CEILING_DIRECTORIES: hidden }
  const runs: [file: string, args: readonly string[]][] = [
    ['cmake', configure],
    ['cmake', make],
    // One that does not start is of no use.
    [binary, ['--help']],
  ]
  for (const [file, args] of runs) {
    const onOutput = (text: string): void => {
      const percent = /\[ *(\d{1,3})%\][^[]*$/.exec(text)?.[1]
      if (percent !== undefined) progress.percent(Number(percent))
    }
    const result = await runLogged(file, args, { cwd: hidden, env, log, signal: io.signal, onOutput })
    if (result.type === 'aborted') return messages.interrupted(program.name, String(io.signal.reason))
    if (result.type === 'failed') {
      if (/No space left on device|Disk quota exceeded/.test(result.output))
        return modelMessages.noSpace(base)
      return messages.buildFailed(program.name, log, lastWords(result.output))
    }
  }
  const whole = join(hidden, 'whole')
  await mkdir(whole)
  await rename(binary, join(whole, program.target))
  const stamp: Stamp = { version: program.version, backend }
  await writeFile(join(whole, stampName), `${JSON.stringify(stamp)}\n`)
  await replaceFolder(join(base, program.folder), whole, join(hidden, 'old'))
  return undefined
}

/** Killed in between, there is none, and the next run builds it: never a program beside the stamp of another. */
async function replaceFolder(folder: string, by: string, old: string): Promise<void> {
  if (existsSync(folder)) await rename(folder, old)
  await rename(by, folder)
}

/** How many compilers at once: one of C++ takes up to 2 GB. */
export function jobsFor({ cores, memory }: Pick<Machine, 'cores' | 'memory'>): number {
  return Math.max(1, Math.min(cores, Math.floor(memory / 2e9)))
}
