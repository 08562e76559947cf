import { execFile } from 'node:child_process'
import { isAbsolute } from 'node:path'
import { findOnPath, isExecutable } from '../../../../lib/find-on-path.ts'
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

/** The server comes first; `sd` is what the command was called until late in 2025. */
const names = ['sd-server', 'sd-cli', 'sd']
const helpMs = 20_000

/** The program that a model's settings name, or the first on PATH. Throws `missing_program` or `bad_settings`. */
export async function findProgram(named: string | undefined, env: Env): Promise<DiffusionProgram> {
  if (named !== undefined) {
    if (!isAbsolute(named)) throw badProgram(`${named} is no absolute path`)
    if (!isExecutable(named)) throw badProgram(`there is no program ${named}`)
    const program = await look(named, env)
    if (program === undefined) throw badProgram(`${named} is no program of stable-diffusion.cpp`)
    return program
  }
  for (const name of names) {
    const path = findOnPath(name, env['PATH'])
    // A search tool is called `sd`, too.
    const program = path === undefined ? undefined : await look(path, env)
    if (program !== undefined) return program
  }
  const detail = `none of ${names.join(', ')} is on PATH`
  throw new EngineError({ reason: 'missing_program', program: 'sd-server', how: 'install', detail })
}

async function look(path: string, env: Env): Promise<DiffusionProgram | undefined> {
  const help = await helpOf(path, env)
  const flags = new Set(help.match(/--[a-z][a-z0-9_-]*/g))
  if (!flags.has('--diffusion-model') || !flags.has('--cfg-scale')) return undefined
  const samplers = /--sampling-method\b[^[{]*[[{]([^\]}]+)[\]}]/.exec(help)?.[1]
  return {
    path,
    kind: flags.has('--listen-port') ? 'server' : 'command',
    flags,
    samplers: samplers?.split(/[\s,|]+/).filter(name => name !== ''),
  }
}

/** Some versions end with a failure after it. Nothing is heard of one that can't be started. */
function helpOf(path: string, env: Env): Promise<string> {
  return new Promise(resolve => {
    execFile(path, ['--help'], { env, timeout: helpMs, killSignal: 'SIGKILL' }, (_error, stdout, stderr) =>
      resolve(`${stdout}\n${stderr}`),
    )
  })
}

function badProgram(detail: string): EngineError {
  return new EngineError({ reason: 'bad_settings', detail: `program: ${detail}` })
}
