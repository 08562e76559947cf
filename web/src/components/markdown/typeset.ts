import 'katex/dist/katex.min.css'
import { ParseError, render } from 'katex'
import { limits } from '../../state/markdown/limits.ts'

/**
 * KaTeX makes the elements itself and sets their styles one by one: no HTML is parsed, so the page's policy has nothing to
 * forbid. Its own rendering of a fault would write a style attribute.
 */
export function typeset(source: string, display: boolean): { node: HTMLElement } | { fault: string } {
  const node = document.createElement('span')
  try {
    render(source, node, {
      displayMode: display,
      throwOnError: true,
      trust: false,
      strict: 'ignore',
      errorColor: 'var(--bad)',
      maxSize: limits.formulaSizeEm,
      maxExpand: limits.formulaExpansions,
    })
    return { node }
  } catch (error) {
    if (error instanceof ParseError) return { fault: error.message }
    throw error
  }
}
