import { limits } from './limits.ts'
import { parseMarkdown } from './parse.ts'
import { safeTree } from './safe.ts'
import type { Node, Tree } from './tree.ts'
import { weightOf, type Weight } from './weight.ts'

/** Blocks of a message that are shown as one; the same object for as long as they are the same. */
export interface Part {
  readonly text: string
  readonly tree: Tree
  readonly weight: Weight
}

/** A text that grows, as parts: those before `rest` can't become anything else any more. */
export interface Grown {
  readonly text: string
  readonly settled: readonly Part[]
  readonly settledLength: number
  /** Undefined: nothing, or white space. */
  readonly rest: Part | undefined
}

/** All parts of a text that is whole. Kept for the next time that it is shown; what was made while it grew is used. */
export function partsOf(text: string): readonly Part[] {
  const known = cache.get(text)
  if (known !== undefined) {
    cache.delete(text)
    cache.set(text, known)
    return known
  }
  const begun = recent.find(grown => grown.settledLength > 0 && goesOn(grown, text)) ?? nothingGrown
  const parts = allOf(growInPieces(begun, text))
  keep(text, parts)
  return parts
}

/** As long as pieces settle: what can't be divided is parsed once, and not again and again. */
export function growInPieces(begun: Grown, text: string): Grown {
  let grown = begun
  for (;;) {
    const end = grown.settledLength + limits.piece
    if (end >= text.length) return grow(grown, text)
    const next = grow(grown, text.slice(0, end))
    if (next.settledLength <= grown.settledLength) return grow(grown, text)
    grown = next
  }
}

export function allOf({ settled, rest }: Grown): readonly Part[] {
  return rest === undefined ? settled : [...settled, rest]
}

/** Its text is whole now, or may be so at the next look. */
export function keepGrown(grown: Grown): void {
  recent = [grown, ...recent.filter(({ text }) => !grown.text.startsWith(text))].slice(0, 8)
}

/** It was gone over piece by piece, and is whole. */
export function keepWhole(grown: Grown): void {
  if (!cache.has(grown.text)) keep(grown.text, allOf(grown))
}

let recent: readonly Grown[] = []

/** Whether it is known without being parsed. */
export function isKept(text: string): boolean {
  return cache.has(text)
}

export const nothingGrown: Grown = { text: '', settled: [], settledLength: 0, rest: undefined }

/**
 * More of it came. Only what is not settled is parsed. Blocks are settled when another one begins behind them, after an
 * empty line and with a line that is complete: whatever follows then can't reach back. A definition can, from anywhere, so
 * a text that may have one is always parsed as a whole.
 */
export function grow(before: Grown, text: string): Grown {
  if (text === before.text) return before
  const mayReachBack = definition.test(text)
  const from = !mayReachBack && goesOn(before, text) ? before : nothingGrown
  const unsettled = text.slice(from.settledLength)
  const { children } = parseMarkdown(unsettled, left(from.settled))
  const cut = mayReachBack ? 0 : settledBlocks(children, unsettled)
  const at = cut === 0 ? 0 : lineStart(unsettled, startOf(children[cut]))
  const part = partOf(unsettled.slice(0, at), children.slice(0, cut))
  return {
    text,
    settled: part === undefined ? from.settled : [...from.settled, part],
    settledLength: from.settledLength + at,
    rest: sameOr(from.rest, partOf(unsettled.slice(at), children.slice(cut))),
  }
}

function goesOn({ text: before, settledLength }: Grown, text: string): boolean {
  return text.startsWith(before.slice(0, settledLength))
}

/** `[label]: address` at the beginning of a line, in whatever it stands. */
const definition = /^[ \t>*+\-\d.)]*\[(?:[^[\]\\]|\\[^]){1,999}\]:/m

/** How many of the blocks are settled. */
function settledBlocks(blocks: readonly Node[], text: string): number {
  const lastLine = text.lastIndexOf('\n') + 1
  for (let at = blocks.length - 1; at > 0; at--) {
    const start = startOf(blocks[at])
    const isComplete = lineStart(text, start) < lastLine
    if (isComplete && emptyLine.test(text.slice(endOf(blocks[at - 1]), start))) return at
  }
  return 0
}

const emptyLine = /\n[ \t]*\r?\n/

function partOf(text: string, blocks: readonly Node[]): Part | undefined {
  if (blocks.length === 0) return undefined
  // Weighed first: the same nodes become the tree.
  const weight = weightOf({ type: 'root', children: [...blocks] })
  return { text, weight, tree: safeTree(blocks, hashOf(text)) }
}

function left(parts: readonly Part[]): Weight {
  let { nodes, formulas }: Weight = limits
  for (const { weight } of parts) {
    nodes -= weight.nodes
    formulas -= weight.formulas
  }
  return { nodes, formulas }
}

function sameOr(before: Part | undefined, after: Part | undefined): Part | undefined {
  // Not when there were formulas left for it before, and now there are none.
  const isSame = before?.text === after?.text && before?.weight.formulas === after?.weight.formulas
  return isSame ? before : after
}

function startOf(node: Node | undefined): number {
  return node?.position?.start.offset ?? 0
}

function endOf(node: Node | undefined): number {
  return node?.position?.end.offset ?? 0
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1
}

const cache = new Map<string, readonly Part[]>()
let kept = 0

function keep(text: string, parts: readonly Part[]): void {
  cache.set(text, parts)
  kept += costOf(text, parts)
  for (const [oldest, its] of cache) {
    if (kept <= limits.keptNodes || oldest === text) break
    cache.delete(oldest)
    kept -= costOf(oldest, its)
  }
}

/** Trees are what takes memory; a text of a hundred characters about as much as a node. */
function costOf(text: string, parts: readonly Part[]): number {
  return parts.reduce((sum, { weight }) => sum + weight.nodes, text.length / 100)
}

/** FNV-1a; only tells messages of one page apart. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash >>> 0).toString(36)
}
