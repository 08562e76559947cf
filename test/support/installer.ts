import { spawn as spawnOnPty } from '@lydell/node-pty'
import { execa } from 'execa'
import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { Io } from '../../lib/io.ts'
import type { ModelEntry } from '../../models/catalog.ts'
import type { Environment } from '../../runner/install/environment.ts'
import type { InstallOptions, Outcome } from '../../runner/install/install.ts'
import type { InstallCall } from './programs/install.ts'
import type { TestRegistry } from './registry.ts'

const program = join(import.meta.dirname, 'programs/install.ts')

export type Env = Record<string, string | undefined>

/** A temporary stack folder, with an environment in it that needs nothing yet. */
export async function makeStackFolder() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'courante-install-'))
  const { path } = folder
  const environment: Environment = {
    dir: path,
    home: join(path, 'var'),
    modelsDir: join(path, 'models/files'),
    tools: [],
    models: [],
  }
  return { path, environment, [Symbol.asyncDispose]: () => folder.remove() }
}

/** A model entry of the stack's own, out of the registry's package. */
export function modelFrom(registry: TestRegistry, npm: string, files: Record<string, string>): ModelEntry {
  const { bytes, integrity } = registry.tarball
  return {
    name: 'tiny',
    why: 'for tests',
    licence: 'MIT',
    from: { npm, version: '1.0.0', integrity, bytes },
    files: Object.entries(files).map(([path, entry]) => ({ path, entry })),
  }
}

/** An Io without a terminal, whose output is kept. */
export function testIo(env: Env, signal = new AbortController().signal): Io & { text(): string } {
  const out = new PassThrough()
  let text = ''
  out.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const insist = new AbortController().signal
  return {
    stdin: new PassThrough(),
    stdout: out,
    stderr: out,
    env,
    cwd: '/',
    signal,
    insist,
    become: () => {
      throw new Error('not here')
    },
    text: () => text,
  }
}

/** The installer as a child without a terminal. */
export function startInstaller(environment: Environment, options: InstallOptions, env: Env) {
  const outcome = join(environment.dir, 'outcome.json')
  const child = execa(process.execPath, [program, callText({ environment, options, outcome })], {
    env,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    all: true,
  })
  return { child, outcome: () => readOutcome(outcome) }
}

type Answer = { readonly at: string } & ({ readonly type: string } | { readonly signal: string })

/** The installer on a terminal of its own; each answer is typed when the text before it has been shown. */
export async function typeToInstaller(
  environment: Environment,
  options: InstallOptions,
  env: Env,
  script: readonly Answer[],
): Promise<{ screen: string; outcome: Outcome }> {
  const outcome = join(environment.dir, 'outcome.json')
  const terminal = spawnOnPty(process.execPath, [program, callText({ environment, options, outcome })], {
    cols: 100,
    rows: 40,
    cwd: environment.dir,
    env,
  })
  let screen = ''
  let seen = 0
  const waiting = [...script]
  terminal.onData(text => {
    screen += text
    const [next] = waiting
    const at = next === undefined ? -1 : screen.indexOf(next.at, seen)
    if (next === undefined || at < 0) return
    seen = at + next.at.length
    waiting.shift()
    if ('type' in next) terminal.write(next.type)
    else terminal.kill(next.signal)
  })
  await new Promise(resolve => terminal.onExit(resolve))
  return { screen, outcome: await readOutcome(outcome) }
}

function callText(call: InstallCall): string {
  return JSON.stringify(call)
}

async function readOutcome(path: string): Promise<Outcome> {
  return JSON.parse(await readFile(path, 'utf8')) as Outcome
}
