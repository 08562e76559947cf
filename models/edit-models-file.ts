import { mkdirSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isMap, isSeq, type Document } from 'yaml'
import { writeFileAtomic } from '../lib/atomic-write.ts'
import { ProblemError } from '../lib/problem.ts'
import type { ModelKind } from './kind.ts'
import { messages } from './messages.ts'
import { modelsFilePath, modelsFileText, parseModelsFile } from './models-file.ts'

export type Edit = (document: Document) => void

/**
 * Changes the user's own file and keeps everything else in it, comments too. Throws a ProblemError for a file that has a
 * fault: nothing may be written over what a person is in the middle of. Without edits, it only looks for that.
 */
export async function editModelsFile(home: string, ...edits: readonly Edit[]): Promise<void> {
  const path = modelsFilePath(home)
  try {
    const text = modelsFileText(path) ?? fresh
    const read = parseModelsFile(text)
    if (!read.ok) throw new ProblemError(messages.badModelsFile(path, read.faults))
    if (edits.length === 0) return
    const { document } = read
    for (const edit of edits) edit(document)
    const written = document.toString({ lineWidth: 0 })
    if (written === text) return
    const again = parseModelsFile(written)
    if (!again.ok) throw new ProblemError(messages.badModelsFile(path, again.faults))
    mkdirSync(dirname(path), { recursive: true })
    // A link, as to a folder of dotfiles, stays one; and who may read the file stays as it was.
    const stat = statSync(path, { throwIfNoEntry: false })
    const target = stat === undefined ? path : realpathSync(path)
    await writeFileAtomic(target, written, { mode: stat === undefined ? 0o600 : stat.mode & 0o777 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof ProblemError || code === undefined) throw error
    throw new ProblemError(messages.notWritable(path, code), { cause: error })
  }
}

const fresh = `# Your models, and how they are used: docs/models.md. Comments that you write stay.
schema: 1
`

/** Adds an entry, or puts it in the place of the one with the same id. */
export function putModel(entry: Readonly<Record<string, unknown>> & { readonly id: string }): Edit {
  return document => {
    const node = document.createNode(entry, { flow: false })
    const at = placeOf(document, entry.id)
    if (at !== undefined) document.setIn(['models', at], node)
    else append(document, 'models', node)
  }
}

/** Also of the pins and defaults. */
export function dropModel(id: string): Edit {
  return document => {
    const at = placeOf(document, id)
    if (at !== undefined) document.deleteIn(['models', at])
    dropIfEmpty(document, 'models')
    forget(id)(document)
  }
}

/** Takes it off the pins and defaults. */
export function forget(id: string): Edit {
  return document => {
    unpin(id)(document)
    const defaults = document.get('defaults')
    if (!isMap(defaults)) return
    const gone = defaults.items.filter(({ key }) => defaults.get(key) === id)
    for (const { key } of gone) defaults.delete(key)
    dropIfEmpty(document, 'defaults')
  }
}

export function setDefault(kind: ModelKind, id: string): Edit {
  return document => document.setIn(['defaults', kind], id)
}

export function pin(id: string): Edit {
  return document => {
    if (!values(document, 'pins').includes(id)) append(document, 'pins', document.createNode(id))
  }
}

export function unpin(id: string): Edit {
  return document => {
    const at = values(document, 'pins').indexOf(id)
    if (at >= 0) document.deleteIn(['pins', at])
    dropIfEmpty(document, 'pins')
  }
}

function append(document: Document, key: string, node: unknown): void {
  const list = document.get(key)
  if (isSeq(list)) list.add(node)
  else document.set(key, document.createNode([node]))
}

function placeOf(document: Document, id: string): number | undefined {
  const list = document.get('models')
  if (!isSeq(list)) return undefined
  const at = list.items.findIndex(item => isMap(item) && item.get('id') === id)
  return at < 0 ? undefined : at
}

function values(document: Document, key: string): unknown[] {
  const list = document.get(key)
  return isSeq(list) ? list.toJSON() : []
}

function dropIfEmpty(document: Document, key: string): void {
  const node = document.get(key)
  if ((isSeq(node) || isMap(node)) && node.items.length === 0 && !node.comment) document.delete(key)
}
