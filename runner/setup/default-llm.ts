import { modelsFilePath, modelsFileText, parseModelsFile } from '../../models/models-file.ts'

/**
 * Whether <home>/models.yaml names a language model, which goes before the stack's. Also true where the file can't be read,
 * or has a fault: then nobody knows, and `courante models` tells what is wrong.
 */
export function hasDefaultLlm(home: string): boolean {
  try {
    const text = modelsFileText(modelsFilePath(home))
    // Most have no such file, or name no default in it: then nothing is parsed.
    if (text === undefined || !text.includes('llm')) return false
    const read = parseModelsFile(text)
    return !read.ok || read.data.defaults.llm !== undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return true
  }
}
