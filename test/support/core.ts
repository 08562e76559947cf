import { readFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { socketDir } from '../../lib/socket-dir.ts'
import { modelsDir } from './speech.ts'
import { Spawned } from './spawned.ts'
import { tempDir } from './temp.ts'

/** A home folder of its own, and core and clients that use it. */
export async function coreHome(models: string = modelsDir) {
  const dir = await tempDir()
  const home = join(dir.path, 'home')
  await mkdir(home)
  const sockets = socketDir(home, { XDG_RUNTIME_DIR: dir.path })
  const env = { COURANTE_HOME: home, COURANTE_SOCKETS: sockets, COURANTE_MODELS: models }
  return {
    path: dir.path,
    home,
    env,
    core: () => new Spawned('services/core/main.ts', [], env),
    transcribe: (...args: string[]) => new Spawned('scripts/transcribe.ts', args, env),
    /** `run/core.json` as it is now. */
    facts: async () =>
      JSON.parse(await readFile(join(home, 'run/core.json'), 'utf8')) as {
        pid: number
        engine: { state: string; pid: number; model: string; loadedMs: number | null; memory: number }
      },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  }
}
