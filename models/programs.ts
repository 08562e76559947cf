import { isAbsolute, join } from 'node:path'
import { findOnPath, isExecutable } from '../lib/find-on-path.ts'
import type { Source } from './source.ts'

/** Programs of others that an engine starts, and that can be built here from sources that we know. */
export const programNames = ['whisper-server', 'llama-server'] as const
export type ProgramName = (typeof programNames)[number]

/** What is built, and of what. */
export interface ProgramSource {
  readonly name: string
  /** Under `.runtime/programs`. */
  readonly folder: string
  readonly version: string
  readonly licence: string
  readonly why: string
  /** Which engines start it. */
  readonly engines: readonly string[]
  readonly from:
    /** `inside`: where its CMakeLists.txt lies in there. */
    | { readonly type: 'archive'; readonly source: Source; readonly inside: string }
    /** A git bundle that an npm package of ours brought along; relative to Courante's folder. */
    | { readonly type: 'bundle'; readonly path: string }
  readonly options: readonly string[]
  readonly target: string
  /** Where cmake puts it, relative to the build's folder. */
  readonly binary: string
  /** Of sources and objects, while it is built. */
  readonly buildBytes: number
  /** What two cores took, for the question. */
  readonly minutes: number
}

const common = ['-DCMAKE_BUILD_TYPE=Release', '-DBUILD_SHARED_LIBS=OFF']

export const programSources: Readonly<Record<ProgramName, ProgramSource>> = {
  'whisper-server': {
    name: 'whisper-server',
    folder: 'whisper',
    version: '1.9.1',
    licence: 'MIT',
    why: 'speech to text with whisper.cpp',
    engines: ['whisper'],
    from: {
      type: 'archive',
      source: {
        npm: 'nodejs-whisper',
        version: '0.3.1',
        integrity:
          'sha512-ceoilUVraRuR5FnNyXpGQT2auAR48Oc3AQBEmkXnVpSn9iN6yVRzQBFCqVTGWbk6Wdi95NhvwXNzFvuR7erLWw==',
        bytes: 5_660_411,
      },
      inside: 'package/cpp/whisper.cpp',
    },
    options: [...common, '-DWHISPER_BUILD_TESTS=OFF'],
    target: 'whisper-server',
    binary: 'bin/whisper-server',
    buildBytes: 60e6,
    minutes: 2,
  },
  'llama-server': {
    name: 'llama-server',
    folder: 'llama',
    // The bundle's tag; node-llama-cpp says it in llama/binariesGithubRelease.json.
    version: '0.4.0',
    licence: 'MIT',
    why: 'language models that take pictures',
    engines: ['llama-server'],
    from: { type: 'bundle', path: 'services/engines/node_modules/node-llama-cpp/llama/gitRelease.bundle' },
    // It talks to nobody but its engine, so it needs no TLS of the system.
    options: [...common, '-DLLAMA_OPENSSL=OFF', '-DLLAMA_BUILD_TESTS=OFF'],
    target: 'llama-server',
    binary: 'bin/llama-server',
    buildBytes: 400e6,
    minutes: 6,
  },
}

/** Under which names stable-diffusion.cpp is installed, the server first; `sd` is what its command was called until late in 2025. */
export const diffusionNames = ['sd-server', 'sd-cli', 'sd'] as const

/** Whether one of its programs helps so. A search tool is called `sd`, too. */
export function isDiffusionHelp(help: string): boolean {
  return ['--diffusion-model', '--cfg-scale'].every(flag => help.includes(flag))
}

/** Courante's own folder: its engines start what was built. */
export const programsRoot = join(import.meta.dirname, '..')

export interface ProgramPlaces {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of the model; `program` is an absolute path, and then it is that one or none. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Courante's folder, where not this one. */
  readonly root?: string
}

/** Where a program of others is: the model's own setting, what was built here, the PATH. Undefined: nowhere. */
export function programPath(
  name: ProgramName,
  { env, settings = {}, root }: ProgramPlaces,
): string | undefined {
  const { program } = settings
  if (program !== undefined)
    return typeof program === 'string' && isAbsolute(program) && isExecutable(program) ? program : undefined
  const built = builtProgram(name, root)
  return isExecutable(built) ? built : findOnPath(name, env['PATH'])
}

/** Where a build of it comes to lie. */
export function builtProgram(name: ProgramName, root = programsRoot): string {
  return builtIn(programSources[name], root)
}

export function builtIn({ folder, target }: ProgramSource, root: string): string {
  return join(root, '.runtime/programs', folder, target)
}
