import type { Document } from 'yaml'
import { editModelsFile, putModel } from '../../models/edit-models-file.ts'
import type { RunContext } from '../run-context.ts'
import { localFilePath, writeLocal } from '../stack/local-file.ts'
import type { Chosen } from './chosen.ts'

/**
 * Writes a choice down: what is new into models.yaml, and last the id into stack.local.yaml, whose path it returns. A default
 * of models.yaml that says otherwise is taken away, since it would go before.
 */
export async function record({ id, entry }: Chosen, { loaded, places }: RunContext): Promise<string> {
  await editModelsFile(places.home, ...(entry === undefined ? [] : [putModel(entry)]), dropOther(id))
  await writeLocal(loaded.path, 'language_model', id)
  return localFilePath(loaded.path)
}

function dropOther(id: string) {
  return (document: Document): void => {
    const own = document.getIn(['defaults', 'llm'])
    if (own === undefined || own === id) return
    document.deleteIn(['defaults', 'llm'])
    if (Object.keys((document.toJS() as { defaults?: object }).defaults ?? {}).length === 0)
      document.delete('defaults')
  }
}
