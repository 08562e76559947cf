import { common, createLowlight } from 'lowlight'
import type { Tree } from '../../state/markdown/tree.ts'

const lowlight = createLowlight(common)

/** Undefined: nobody knows this language. */
export function colour(code: string, language: string): Tree | undefined {
  return lowlight.registered(language) ? lowlight.highlight(language, code) : undefined
}
