import { homedir } from 'node:os'
import { join } from 'node:path'
import { Budget, type FoundFile } from './folders.ts'
import { huggingFaceModels } from './hugging-face.ts'
import { lmStudioModels } from './lm-studio.ts'
import { ollamaModels } from './ollama.ts'

type Env = Readonly<Record<string, string | undefined>>

/** So many at most. */
const most = 500

/** The GGUF files that other programs keep on this machine. They are used where they lie, and never changed. */
export function foundFiles(env: Env): FoundFile[] {
  const budget = new Budget()
  const byId = new Map<string, FoundFile>()
  const home = env['HOME'] || homedir()
  const cache = env['XDG_CACHE_HOME'] || join(home, '.cache')
  const ollama = env['OLLAMA_MODELS'] || undefined
  const hub = env['HF_HUB_CACHE'] || join(env['HF_HOME'] || join(cache, 'huggingface'), 'hub')
  const found = [
    // Where its installer for Linux makes a user of its own, they lie in that one's home.
    ...(ollama === undefined
      ? [join(home, '.ollama/models'), '/usr/share/ollama/.ollama/models']
      : [ollama]
    ).flatMap(folder => ollamaModels(folder, budget)),
    ...[join(home, '.lmstudio/models'), join(cache, 'lm-studio/models')].flatMap(folder =>
      lmStudioModels(folder, budget),
    ),
    ...huggingFaceModels(hub, budget),
  ]
  for (const file of found) if (byId.size < most && !byId.has(file.id)) byId.set(file.id, file)
  return [...byId.values()]
}
