/** As much of mdast's and hast's nodes as is needed here. */
export interface Node {
  type: string
  value?: string
  tagName?: string
  depth?: number
  ordered?: boolean | null
  checked?: boolean | null
  url?: string
  alt?: string | null
  lang?: string | null
  properties?: Record<string, unknown>
  data?: { hProperties?: Record<string, unknown> }
  children?: Node[]
  position?: { start: { offset?: number }; end: { offset?: number } } | undefined
}

/** The root of either, as unified's types have it. */
export interface Tree {
  readonly type: string
}

/** Calls for each node with its parent, children first; what it returns takes the node's place, undefined leaves it. */
export function replaceNodes(tree: Tree, change: (node: Node, parent: Node) => Node[] | undefined): void {
  const parent = tree as Node
  if (parent.children === undefined) return
  const next: Node[] = []
  for (const node of parent.children) {
    replaceNodes(node, change)
    const changed = change(node, parent)
    if (changed === undefined) next.push(node)
    else for (const each of changed) next.push(each)
  }
  parent.children = next
}

export function textOf(node: Node): string {
  return (node.value ?? '') + (node.children ?? []).map(textOf).join('')
}
