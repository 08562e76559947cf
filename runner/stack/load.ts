import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { isMap, isPair, isScalar, LineCounter, parseDocument, type Document, type ParsedNode } from 'yaml'
import type { z } from 'zod'
import { messages } from '../messages.ts'
import { ProblemError } from '../../lib/problem.ts'
import { crossCheck, type Fault } from './check.ts'
import { expectation } from './mistake.ts'
import { stackSchema, type StackFile } from './schema.ts'

export interface LoadedStack {
  /** Absolute path of the stack file. */
  readonly path: string
  readonly stack: StackFile
}

/**
 * Reads a stack file with the user's own stack.local.yaml beside it laid over it, key by key.
 * Throws a ProblemError that names file, line, column and what was expected.
 */
export async function loadStack(path: string): Promise<LoadedStack> {
  const main = await readYaml(resolve(path))
  if (main === undefined) throw new ProblemError(messages.stackMissing(path))
  const local = await readYaml(join(dirname(main.path), 'stack.local.yaml'))
  const files = local === undefined ? [main] : [local, main]
  const value = named(merge(main.value, local?.value), dirname(main.path))
  const parsed = stackSchema.safeParse(value, { error: expectation })
  if (!parsed.success)
    throw new ProblemError(messages.stackInvalid(parsed.error.issues.flatMap(each).map(i => place(i, files))))
  const faults = crossCheck(parsed.data).map(fault => place(fault, files))
  if (faults.length > 0) throw new ProblemError(messages.stackInvalid(faults))
  return { path: main.path, stack: parsed.data }
}

/** A stack without a name has its folder's. */
function named(value: unknown, folder: string): unknown {
  if (!isRecord(value) || 'name' in value) return value
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[-0-9]+|-+$/g, '')
  return { name: name.slice(0, 31) || 'stack', ...value }
}

/** An issue of its own for each unknown key. */
function each(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  return issue.code === 'unrecognized_keys' ? issue.keys.map(key => ({ ...issue, keys: [key] })) : [issue]
}

interface YamlFile {
  readonly path: string
  readonly document: Document.Parsed
  readonly lines: LineCounter
  readonly value: unknown
}

async function readYaml(path: string): Promise<YamlFile | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new ProblemError(messages.stackUnreadable(path, code ?? String(error)), { cause: error })
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [fault] = document.errors
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0])
    throw new ProblemError(messages.stackInvalid([`${path}:${line}:${col}: ${fault.message}`]))
  }
  return { path, document, lines, value: document.toJS({ maxAliasCount: 100 }) as unknown }
}

/** `file:line:column: key: what was expected`, at the most exact place that one of the files has for it. */
function place(issue: Fault | z.core.$ZodIssue, files: readonly YamlFile[]): string {
  const unknownKey = 'code' in issue && issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const path = unknownKey === undefined ? issue.path : [...issue.path, unknownKey]
  const said = unknownKey === undefined ? issue.message.replace(/^Invalid input: /, '') : 'unknown key'
  const where = path.map(String).join('.')
  for (let depth = path.length; depth >= 0; depth -= 1) {
    for (const file of files) {
      const offset = offsetOf(file.document.contents, path.slice(0, depth), unknownKey !== undefined)
      if (offset === undefined) continue
      const { line, col } = file.lines.linePos(offset)
      return `${file.path}:${line}:${col}: ${where === '' ? '' : `${where}: `}${said}`
    }
  }
  return `${files.at(-1)?.path}:1:1: ${where}: ${said}`
}

/** Where the value at a path stands, or with `key`, or for a map, the key before it. */
function offsetOf(node: ParsedNode | null, path: readonly PropertyKey[], key: boolean): number | undefined {
  let current: unknown = node
  let offset = node?.range[0]
  for (const step of path) {
    if (isMap(current)) {
      const pair = current.items.find(
        item => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
      )
      if (pair === undefined) return undefined
      const value = pair.value as ParsedNode | null
      offset = isScalar(value) && !key ? value.range?.[0] : (pair.key as ParsedNode).range[0]
      current = value
    } else {
      const item = (current as { items?: ParsedNode[] } | null)?.items?.[Number(step)]
      if (item === undefined) return undefined
      offset = item.range[0]
      current = item
    }
  }
  return offset
}

/** Maps are merged key by key; anything else of the user's replaces what is there. */
function merge(base: unknown, over: unknown): unknown {
  if (over === undefined || over === null) return base
  if (!isRecord(base) || !isRecord(over)) return over
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) merged[key] = merge(base[key], value)
  return merged
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
