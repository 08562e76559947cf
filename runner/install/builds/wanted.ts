import { loadEntries } from '../../../models/catalog.ts'
import { engineOf } from '../../../models/engines.ts'
import { modelsFilePath, modelsFileText, parseModelsFile } from '../../../models/models-file.ts'

/**
 * The engines of the models that <home>/models.yaml names as defaults or pins: core will load them. None where the file has
 * a fault, of which others tell. Most have no such file, or name nothing in it: then nothing is parsed.
 */
export function chosenEngines(home: string): string[] {
  const text = textOf(home)
  if (!/^(defaults|pins):/m.test(text)) return []
  const read = parseModelsFile(text)
  if (!read.ok) return []
  const { models, defaults, pins } = read.data
  return [...new Set([...Object.values(defaults), ...pins])].flatMap(id => {
    const own = models.find(model => model.id === id)
    if (own !== undefined) return 'url' in own ? [] : [engineOf(own)]
    const known = id.includes('/') ? undefined : loadEntries([id]).get(id)
    return known === undefined ? [] : [known.engine]
  })
}

function textOf(home: string): string {
  try {
    return modelsFileText(modelsFilePath(home)) ?? ''
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return ''
  }
}
