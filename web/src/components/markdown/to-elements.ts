import { createElement, Fragment, type ComponentType, type ReactNode } from 'react'
import type { Node, Tree } from '../../state/markdown/tree.ts'

/** What stands for elements of a name; it is given their properties, as React has them, and the node. */
export type Components = Readonly<Record<string, ComponentType<ElementProps>>>

export interface ElementProps {
  readonly node: Node
  readonly children?: ReactNode
  readonly className?: string
  readonly id?: string
  readonly title?: string
  readonly href?: string
  readonly src?: string
  readonly alt?: string
  readonly start?: number
  readonly checked?: boolean
  readonly align?: 'left' | 'right' | 'center'
  readonly 'aria-label'?: string
}

/**
 * Elements, one by one: nothing on this way is ever HTML as text. The tree has to be safe already. A library for all of HTML
 * (hast-util-to-jsx-runtime) would be 10 KB more for the few elements of a message.
 */
export function toElements(tree: Tree, components: Components = {}): ReactNode {
  return createElement(Fragment, undefined, ...childrenOf(tree as Node, components))
}

function childrenOf(node: Node, components: Components): ReactNode[] {
  const children = node.children ?? []
  // Lines between rows are no content, and React says so for each.
  const kept = tableParts.has(node.tagName ?? '')
    ? children.filter(({ type }) => type === 'element')
    : children
  return kept.map(child => elementOf(child, components))
}

const tableParts = new Set(['table', 'thead', 'tbody', 'tr'])

function elementOf(node: Node, components: Components): ReactNode {
  if (node.type === 'text') return node.value
  if (node.type !== 'element' || node.tagName === undefined) return undefined
  const { className, ariaLabel, ...rest } = node.properties ?? {}
  const props = {
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => plainProperties.has(name))),
    ...(Array.isArray(className) ? { className: className.join(' ') } : {}),
    ...(typeof ariaLabel === 'string' ? { 'aria-label': ariaLabel } : {}),
  }
  const component = Object.hasOwn(components, node.tagName) ? components[node.tagName] : undefined
  const children = childrenOf(node, components)
  return component === undefined
    ? createElement(node.tagName, props, ...children)
    : createElement(component, { ...props, node }, ...children)
}

/** Those with the same name in hast, in HTML and in React. Event handlers and styles are none of them. */
const plainProperties = new Set(['id', 'title', 'href', 'src', 'alt', 'start', 'checked', 'align'])
