import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'
import type { Environment } from '../../runner/install/environment.ts'
import { install, type Outcome } from '../../runner/install/install.ts'
import { look } from '../../runner/install/look.ts'
import { findPython } from '../../runner/install/python.ts'
import type { VenvSeen } from '../../runner/install/venv.ts'
import { type Env, makeStackFolder, testIo } from './installer.ts'
import { writeWheel } from './wheels.ts'

/** What the tests of venvs ask for: any Python that is not very old. */
export const anyPython = '>=3.9'

/** False, or why this machine can't make a venv. */
export async function noPython(): Promise<false | string> {
  const search = await findPython(anyPython, process.env)
  return search.type === 'found' ? false : `there is no Python ${anyPython} here`
}

/**
 * A stack that needs a venv, on a machine without an index: pip finds only what lies in `wheels`, and there is no uv. `bin`:
 * a folder of programs that go before all others.
 */
export async function venvRig(bin?: string) {
  const stack = await makeStackFolder()
  const wheels = join(stack.path, 'wheels')
  await mkdir(wheels)
  const environment = withPython(stack.environment, anyPython)
  const own = pipEnv(wheels)
  const env = bin === undefined ? own : { ...own, PATH: `${bin}${delimiter}${own['PATH']}` }
  const [requirements = '', dev = ''] = environment.python?.requirements ?? []
  return {
    path: stack.path,
    venv: join(stack.path, 'venv'),
    wheels,
    environment,
    env,
    ask: (text: string) => writeFile(requirements, text),
    askDev: (text: string) => writeFile(dev, text),
    look: async (more: Env = {}): Promise<VenvSeen> => {
      const { python } = await look(environment, { ...env, ...more })
      if (python.type !== 'needed') throw new Error('no Python is needed')
      return python.venv
    },
    install: (more: Env = {}, signal?: AbortSignal): Promise<Outcome> =>
      install(
        environment,
        { consent: 'yes', environmentGranted: false },
        testIo({ ...env, ...more }, signal),
      ),
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  }
}

export type VenvRig = Awaited<ReturnType<typeof venvRig>>

/** With a venv that has one package. */
export async function filledRig(bin?: string): Promise<VenvRig> {
  const rig = await venvRig(bin)
  await writeWheel(rig.wheels, { name: 'courante-probe', version: '1.0' })
  await rig.ask('courante-probe==1.0\n')
  const outcome = await rig.install()
  if (outcome.type !== 'ready') throw new Error(`no venv: ${JSON.stringify(outcome)}`)
  return rig
}

/** What the package of `filledRig` says: that the venv's Python runs and finds it. */
export async function probeVersion(venv: string): Promise<string> {
  const code = 'import courante_probe as p; print(p.version)'
  return (await execa(join(venv, 'bin/python'), ['-I', '-c', code], { cwd: '/' })).stdout
}

export function withPython(environment: Environment, version: string, optional = false): Environment {
  const { dir } = environment
  const requirements = ['requirements.txt', 'requirements-dev.txt'].map(name => join(dir, name))
  return { ...environment, python: { version, venv: join(dir, 'venv'), requirements, optional } }
}

/** Nothing of what pip is set to on this machine, and no uv. */
export function pipEnv(wheels: string): Env {
  const own = Object.entries(process.env).filter(([name]) => !/^(PIP|UV)_|^(OFFLINE|VIRTUAL_ENV)$/.test(name))
  const path = (process.env['PATH'] ?? '').split(delimiter).filter(folder => !existsSync(join(folder, 'uv')))
  return {
    ...Object.fromEntries(own),
    PATH: path.join(delimiter),
    PIP_CONFIG_FILE: '/dev/null',
    PIP_NO_INDEX: '1',
    PIP_FIND_LINKS: wheels,
  }
}

/** A folder of programs made of shell lines, as the whole PATH. */
export async function fakePath(dir: string, programs: Record<string, string>): Promise<Env> {
  const bin = join(dir, 'bin')
  await mkdir(bin)
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(bin, name), 0o755)
  }
  return { PATH: bin, HOME: dir, PYENV_ROOT: join(dir, 'no-pyenv') }
}
