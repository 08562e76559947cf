import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'

export interface YamlFault {
  readonly line: number
  readonly column: number
  readonly fault: string
}

export type YamlRead<T> =
  | {
      readonly ok: true
      readonly data: T
      /** With its comments: for edits. */
      readonly document: Document
      /** The fault of a place that only the reader's own rules know of. */
      readonly faultAt: (keys: readonly PropertyKey[], fault: string) => YamlFault
    }
  /** At least one. */
  | { readonly ok: false; readonly faults: readonly YamlFault[] }

/** Text of a YAML file as the schema has it, or what is wrong with it and where. */
export function readYaml<T extends z.ZodType>(text: string, schema: T): YamlRead<z.infer<T>> {
  const lines = new LineCounter()
  const at = (offset: number, fault: string): YamlFault => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col, fault }
  }
  const document = parseDocument(text, { lineCounter: lines })
  if (document.errors.length > 0)
    return {
      ok: false,
      faults: document.errors.map(error => at(error.pos[0], error.message.split('\n')[0] ?? '')),
    }
  const faultAt = (keys: readonly PropertyKey[], fault: string): YamlFault => {
    // A missing key has no node of its own: its nearest parent that is there is shown.
    let node: unknown
    for (let depth = keys.length; depth >= 0 && !isNode(node); depth--) {
      node = document.getIn(keys.slice(0, depth), true)
    }
    const where = keys.length === 0 ? '' : `${keys.map(String).join('.')}: `
    return at(isNode(node) ? (node.range?.[0] ?? 0) : 0, where + fault)
  }
  let value: unknown
  try {
    value = document.toJS()
  } catch (error) {
    // Aliases that would blow up to gigabytes.
    if (error instanceof ReferenceError) return { ok: false, faults: [at(0, error.message)] }
    throw error
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return { ok: true, data: parsed.data, document, faultAt }
  const faults = parsed.error.issues.flatMap(issue =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map(key => at(keyOffset(document, issue.path, key), `there is no key "${key}" here`))
      : faultAt(issue.path, inWords(issue.message)),
  )
  return { ok: false, faults }
}

/** What a text means as YAML, whatever that is; undefined for one that is none. */
export function looseYaml(text: string): unknown {
  const document = parseDocument(text)
  if (document.errors.length > 0) return undefined
  try {
    return document.toJS() as unknown
  } catch (error) {
    // As above.
    if (error instanceof ReferenceError) return undefined
    throw error
  }
}

function keyOffset(document: Document, path: readonly PropertyKey[], key: string): number {
  const map = path.length === 0 ? document.contents : document.getIn(path, true)
  const pair = isMap(map) ? map.items.find(item => isScalar(item.key) && item.key.value === key) : undefined
  return isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0
}

/** Zod's own words say `Invalid input: expected string, received undefined`. */
function inWords(message: string): string {
  const missing = /^Invalid input: (expected .+), received undefined$/.exec(message)?.[1]
  return missing === undefined ? message.replace(/^Invalid (input|option): /, '') : `missing; ${missing}`
}
