import { join } from 'node:path'
import { type Budget, type FoundFile, idOf } from './folders.ts'

/** LM Studio's models: `<publisher>/<repo>/<file>.gguf`. */
export function lmStudioModels(folder: string, budget: Budget): FoundFile[] {
  return budget.folders(folder).flatMap(publisher =>
    budget.folders(join(folder, publisher)).flatMap(repo =>
      budget.modelFiles(join(folder, publisher, repo), 2).flatMap(file => {
        const name = file.replace(/\.gguf$/i, '')
        const id = idOf('lmstudio', publisher, repo, ...name.split('/'))
        const path = join(folder, publisher, repo, file)
        return id === undefined ? [] : { id, title: name, origin: 'lmstudio' as const, path }
      }),
    ),
  )
}
