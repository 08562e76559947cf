import { join } from 'node:path'
import { type Budget, type FoundFile, idOf, smallText } from './folders.ts'

/**
 * The cache of Hugging Face's programs: `models--<org>--<repo>/snapshots/<revision>/…`, links into `blobs/`. Of a file in
 * several revisions that of `main` counts.
 */
export function huggingFaceModels(folder: string, budget: Budget): FoundFile[] {
  return budget.folders(folder).flatMap(name => {
    const [kind, org, ...rest] = name.split('--')
    if (kind !== 'models' || org === undefined || rest.length === 0) return []
    const repo = rest.join('--')
    const snapshots = join(folder, name, 'snapshots')
    const main = (smallText(join(folder, name, 'refs/main'), 200) ?? '').trim()
    const revisions = budget.folders(snapshots).sort((a, b) => Number(b === main) - Number(a === main))
    const byId = new Map<string, FoundFile>()
    for (const revision of revisions) {
      for (const file of budget.modelFiles(join(snapshots, revision), 3)) {
        const id = idOf('hf', org, repo, ...file.split('/'))
        if (id === undefined || byId.has(id)) continue
        const path = join(snapshots, revision, file)
        byId.set(id, { id, title: `${org}/${repo}: ${file}`, origin: 'huggingface', path })
      }
    }
    return [...byId.values()]
  })
}
