import { join } from 'node:path'
import { z } from 'zod'
import { jsonOrUndefined } from '../../lib/parse-json.ts'
import { type Budget, type FoundFile, idOf, smallText } from './folders.ts'

const manifestSchema = z.object({
  layers: z
    .array(
      z.object({
        mediaType: z.string(),
        // Part of a path below: nothing but a digest may stand here.
        digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
      }),
    )
    .max(100),
})

const weights = 'application/vnd.ollama.image.model'
const adapter = 'application/vnd.ollama.image.adapter'

/**
 * Ollama's models: `manifests/<registry>/<namespace>/<name>/<tag>` says which of `blobs/sha256-…` holds the weights. A model
 * with an adapter is left out: its weights alone would be another model.
 */
export function ollamaModels(folder: string, budget: Budget): FoundFile[] {
  const found: FoundFile[] = []
  const manifests = join(folder, 'manifests')
  for (const registry of budget.folders(manifests)) {
    for (const namespace of budget.folders(join(manifests, registry))) {
      for (const name of budget.folders(join(manifests, registry, namespace))) {
        const tags = join(manifests, registry, namespace, name)
        for (const { name: tag } of budget.list(tags)) {
          const digest = weightsOf(join(tags, tag))
          const usual = registry === 'registry.ollama.ai'
          const words = [
            ...(usual ? [] : [registry]),
            ...(usual && namespace === 'library' ? [] : [namespace]),
          ]
          const id = idOf('ollama', ...words, `${name}:${tag}`)
          if (digest === undefined || id === undefined) continue
          const path = join(folder, 'blobs', digest.replace(':', '-'))
          found.push({ id, title: [...words, `${name}:${tag}`].join('/'), origin: 'ollama', path })
        }
      }
    }
  }
  return found
}

function weightsOf(path: string): string | undefined {
  const manifest = manifestSchema.safeParse(jsonOrUndefined(smallText(path) ?? ''))
  if (!manifest.success) return undefined
  const { layers } = manifest.data
  if (layers.some(layer => layer.mediaType === adapter)) return undefined
  return layers.find(layer => layer.mediaType === weights)?.digest
}
