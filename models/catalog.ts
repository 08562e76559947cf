import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ProblemError } from '../lib/problem.ts'
import { messages } from './messages.ts'
import { modelKinds } from './kind.ts'
import {
  archiveName,
  catalogSource,
  delegate,
  modelFile,
  modelName,
  ownSource,
  type Source,
  sourceAddress,
} from './source.ts'
import { readYaml } from './yaml-file.ts'

const modelShape = z.strictObject({
  layers: z.int().positive(),
  /** Of an embedding. */
  width: z.int().positive(),
  feedForward: z.int().positive(),
  kvHeads: z.int().positive(),
  headLength: z.int().positive(),
  vocabulary: z.int().positive(),
  /** Of a mixture of experts: the share of its weights that each token reads. */
  active: z.number().positive().max(1).optional(),
})

/** One entry of the catalog. Its files lie in `<models>/<id>/`. */
const catalogEntrySchema = z
  .strictObject({
    id: modelName,
    title: z.string().min(1),
    why: z.string().min(1),
    licence: z.string().min(1),
    kind: z.enum(modelKinds),
    /** Which program of services/engines runs it; empty: it is a part of others. */
    engine: z.string().regex(/^[a-z-]*$/),
    /** How many, for people: 0.6B. */
    parameters: z.string().min(1).optional(),
    /** Tokens that it was trained for. */
    context: z.int().positive().optional(),
    /** What its memory follows from before its file is here. */
    shape: modelShape.optional(),
    /** Of an embedding's vector. */
    dimensions: z.int().positive().optional(),
    /** What a person should know before it is used. */
    notes: z.string().min(1).optional(),
    /** Other models whose files its engine gets, too, by their roles. */
    needs: z.array(modelName).default([]),
    /** The engine's own. */
    settings: z
      .looseObject({ contextSize: z.int().positive().optional(), sequences: z.int().positive().optional() })
      .default({}),
    from: catalogSource,
    /** What a file is to the engine: role → path. */
    roles: z.record(z.string().regex(/^[a-z]+$/), z.string().min(1)),
    files: z.array(modelFile).min(1),
  })
  .superRefine(requireEntries)
  .superRefine((model, context) => {
    for (const [role, path] of Object.entries(model.roles)) {
      if (model.files.some(file => file.path === path)) continue
      context.addIssue({ code: 'custom', path: ['roles', role], message: `no file of it is "${path}"` })
    }
  })

const catalogSchema = z.strictObject({
  schema: z.literal(1),
  models: z.array(catalogEntrySchema).superRefine((models, context) => {
    for (const [i, model] of models.entries()) {
      if (models.findIndex(other => other.id === model.id) !== i) {
        context.addIssue({ code: 'custom', path: [i, 'id'], message: `"${model.id}" stands here twice` })
      }
    }
    for (const [i, model] of models.entries()) {
      for (const [k, need] of model.needs.entries()) {
        if (models.some(other => other.id === need && other.id !== model.id)) continue
        context.addIssue({
          code: 'custom',
          path: [i, 'needs', k],
          message: `there is no other model "${need}"`,
        })
      }
    }
  }),
})

export type CatalogEntry = z.infer<typeof catalogEntrySchema>
export type Catalog = ReadonlyMap<string, CatalogEntry>

/** Model files that a stack brings itself; each path is relative to the stack file's folder. */
const ownModelSchema = z
  .strictObject({
    name: modelName,
    why: z.string().min(1),
    licence: z.string().min(1),
    from: ownSource,
    files: z
      .array(z.preprocess(file => (typeof file === 'string' ? { path: file } : file), modelFile))
      .min(1),
  })
  .superRefine(requireEntries)

/** What may stand in a stack's list of models: the id of a catalog entry, or an entry of its own. */
export const modelEntry = z.unknown().transform((value, context) => {
  if (typeof value === 'string' && value !== '') return value
  if (typeof value === 'object' && value !== null) return delegate(ownModelSchema, value, context)
  context.addIssue({
    code: 'custom',
    message: 'expected the id of a model in the catalog, or {name, why, licence, from, files}',
  })
  return z.NEVER
})
export type ModelEntry = z.infer<typeof modelEntry>

export const catalogPath = join(import.meta.dirname, 'catalog.yaml')

/** Reads the catalog; throws a ProblemError that names the line of the first fault. */
export function loadCatalog(path = catalogPath): Catalog {
  return parseCatalog(readFileSync(path, 'utf8'), path)
}

/**
 * Of the catalog only those entries, and what they need; all of it where one of them is not in it. Parsing the whole file
 * takes 20 ms, which every start would pay.
 */
export function loadEntries(ids: readonly string[], path = catalogPath): Catalog {
  const text = readFileSync(path, 'utf8')
  const [head = '', ...blocks] = text.split(/^(?= {2}- id: )/m)
  const byId = new Map(blocks.map(block => [/^ {2}- id: (\S+)$/m.exec(block)?.[1], block]))
  const wanted = new Set(ids)
  for (const id of wanted) {
    const block = byId.get(id)
    if (block === undefined) return parseCatalog(text, path)
    for (const need of /^ {4}needs: \[(.+)\]$/m.exec(block)?.[1]?.split(', ') ?? []) wanted.add(need)
  }
  return parseCatalog(head + [...wanted].map(id => byId.get(id)).join(''), path)
}

/**
 * Of one entry what a start has to know: what it is for, and whether its files are downloaded. Undefined: the catalog has no
 * such model. Without parsing, which each start would pay for.
 */
export function peekEntry(
  id: string,
  path = catalogPath,
): { readonly kind: string; readonly isDownload: boolean } | undefined {
  const block = readFileSync(path, 'utf8')
    .split(/^(?= {2}- id: )/m)
    .find(block => block.startsWith(`  - id: ${id}\n`))
  if (block === undefined) return undefined
  return { kind: /^ {4}kind: (\w+)$/m.exec(block)?.[1] ?? '', isDownload: !/^ {6}shipped: /m.test(block) }
}

function parseCatalog(text: string, path: string): Catalog {
  const read = readYaml(text, catalogSchema)
  if (read.ok) return new Map(read.data.models.map(model => [model.id, model]))
  const [{ line, column, fault } = { line: 1, column: 1, fault: '' }] = read.faults
  throw new ProblemError(messages.badCatalog(path, line, column, fault))
}

/** It and those that it needs, those first. */
export function withNeeds(model: CatalogEntry, catalog: Catalog): CatalogEntry[] {
  const needed = model.needs.flatMap(id => catalog.get(id) ?? [])
  return [...needed, model]
}

/** Each file of an archive needs the name that it has in there; anything else, and an archive that is kept whole, is one file. */
function requireEntries(
  model: { from: Source; files: readonly z.infer<typeof modelFile>[] },
  context: z.RefinementCtx,
): void {
  const { from, files } = model
  const isArchive = 'npm' in from || archiveName.test(pathOf(from))
  const isWhole = !('npm' in from) && files.length === 1 && archiveName.test(files[0]?.path ?? '')
  if (isArchive && !isWhole) {
    for (const [i, { entry, folder, made }] of files.entries()) {
      if ((entry ?? folder ?? made) !== undefined) continue
      context.addIssue({
        code: 'custom',
        path: ['files', i],
        message: "expected {path, entry}: `entry` is the file's path inside the archive",
      })
    }
  }
  if (isArchive || files.length === 1) return
  context.addIssue({
    code: 'custom',
    path: ['files'],
    message:
      'expected one file, since this is not the name of an archive (.tar, .tar.gz, .tgz, .tar.bz2, .zip)',
  })
}

function pathOf(from: Source): string {
  const address = sourceAddress(from)
  return 'url' in from ? new URL(address).pathname : address
}
