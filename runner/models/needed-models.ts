import { join } from 'node:path'
import type { KnownModel } from '../../models/inventory.ts'
import { vadId } from '../../models/own-model.ts'

/** What a model of the user's own takes of the catalog. */
export function neededModels(
  { origin, files }: KnownModel,
  { modelsDir }: { readonly modelsDir: string },
): string[] {
  const { vad } = files
  return origin === 'yours' && vad?.startsWith(join(modelsDir, vadId)) === true ? [vadId] : []
}
