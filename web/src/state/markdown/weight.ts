import { limits } from './limits.ts'
import type { Node } from './tree.ts'

export interface Weight {
  readonly nodes: number
  readonly formulas: number
}

/** What a syntax tree will be once it is shown. */
export function weightOf(node: Node, columns = 0): Weight {
  const children = node.children ?? []
  // A short row is filled with cells up to the first one's.
  const width = node.type === 'table' ? columnsOf(node) : columns
  let nodes = node.type === 'tableRow' ? 1 + Math.max(0, columns - children.length) : 1
  let formulas = node.type === 'inlineMath' || node.type === 'math' ? 1 : 0
  for (const child of children) {
    const weight = weightOf(child, width)
    nodes += weight.nodes
    formulas += weight.formulas
  }
  return { nodes, formulas }
}

/** A table that is too wide, or too much in one another. */
export function isUnwieldy(node: Node, depth = 0): boolean {
  if (depth > limits.depth || (node.type === 'table' && columnsOf(node) > limits.tableColumns)) return true
  return (node.children ?? []).some(child => isUnwieldy(child, depth + 1))
}

function columnsOf(table: Node): number {
  return table.children?.[0]?.children?.length ?? 0
}
