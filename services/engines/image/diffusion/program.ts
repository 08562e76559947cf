import { execFile } from 'node:child_process'
import { isAbsolute } from 'node:path'
import { findOnPath, isExecutable } from '../../../../lib/find-on-path.ts'
import { diffusionNames, isDiffusionHelp } from '../../../../models/programs.ts'
import { EngineError } from '../../../core/engine.ts'

/** One of stable-diffusion.cpp's programs. */
export interface DiffusionProgram {
  readonly path: string
  /** `server` keeps the model in memory; `command` paints one picture and ends. */
  readonly kind: 'server' | 'command'
  /** What its help lists: flags come and go from version to version. */
  readonly flags: ReadonlySet<string>
  /** Undefined where the help does not tell. */
  readonly samplers: readonly string[] | undefined
}

type Env = Readonly<Record<string, string | undefined>>

const helpMs = 20_000
/** A driver may take seconds to wake a card. */
const cardMs = 60_000

/** The program that a model's settings name, or the first on PATH. Throws `missing_program` or `bad_settings`. */
export async function findProgram(named: string | undefined, env: Env): Promise<DiffusionProgram> {
  if (named !== undefined) {
    if (!isAbsolute(named)) throw badProgram(`${named} is no absolute path`)
    if (!isExecutable(named)) throw badProgram(`there is no program ${named}`)
    const program = await look(named, env)
    if (program === undefined) throw badProgram(`${named} is no program of stable-diffusion.cpp`)
    return program
  }
  for (const name of diffusionNames) {
    const path = findOnPath(name, env['PATH'])
    // A search tool is called `sd`, too.
    const program = path === undefined ? undefined : await look(path, env)
    if (program !== undefined) return program
  }
  const detail = `none of ${diffusionNames.join(', ')} is on PATH`
  throw new EngineError({ reason: 'missing_program', program: 'sd-server', how: 'install', detail })
}

/** Whether it finds a card that it was built for. Old versions do not tell, and are believed to. */
export async function hasCard({ path, flags }: DiffusionProgram, env: Env): Promise<boolean> {
  if (!flags.has('--list-devices')) return true
  const devices = await printed(path, '--list-devices', { env, timeout: cardMs })
  // A name, a tab and words on each line; BLAS is a library for the processor.
  return /^(?!CPU|BLAS)\S+\t/m.test(devices)
}

async function look(path: string, env: Env): Promise<DiffusionProgram | undefined> {
  const help = await printed(path, '--help', { env, timeout: helpMs })
  if (!isDiffusionHelp(help)) return undefined
  const flags = new Set(help.match(/--[a-z][a-z0-9_-]*/g))
  const samplers = /--sampling-method\b[^[{]*[[{]([^\]}]+)[\]}]/.exec(help)?.[1]
  return {
    path,
    kind: flags.has('--listen-port') ? 'server' : 'command',
    flags,
    samplers: samplers?.split(/[\s,|]+/).filter(name => name !== ''),
  }
}

/** Some versions end with a failure after it. Nothing is heard of one that can't be started. */
function printed(path: string, flag: string, options: { env: Env; timeout: number }): Promise<string> {
  return new Promise(resolve => {
    execFile(path, [flag], { ...options, killSignal: 'SIGKILL' }, (_error, stdout, stderr) =>
      resolve(`${stdout}\n${stderr}`),
    )
  })
}

function badProgram(detail: string): EngineError {
  return new EngineError({ reason: 'bad_settings', detail: `program: ${detail}` })
}
