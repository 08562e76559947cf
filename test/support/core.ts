import { readFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CoreFacts, ModelFacts } from '../../services/core/core-file.ts'
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
  const facts = async (): Promise<CoreFacts> =>
    JSON.parse(await readFile(join(home, 'run/core.json'), 'utf8')) as CoreFacts
  return {
    path: dir.path,
    home,
    env,
    core: (more: Readonly<Record<string, string>> = {}) =>
      new Spawned('services/core/main.ts', [], { ...env, ...more }),
    transcribe: (...args: string[]) => new Spawned('scripts/transcribe.ts', args, env),
    /** `run/core.json` as it is now. */
    facts,
    /** Waits until that model is loaded. */
    engine: async (id: string): Promise<ModelFacts & { pid: number }> => {
      for (;;) {
        const model = (await facts()).models.find(model => model.id === id && model.state === 'ready')
        if (model !== undefined && model.pid !== null) return { ...model, pid: model.pid }
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  }
}
