import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isNode, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { ProblemError } from '../lib/problem.ts'
import { messages } from './messages.ts'
import { archiveName, delegate, modelFile, modelName, source } from './source.ts'

/** One entry of the catalog. Its files lie in `<models>/<id>/`. */
const catalogEntrySchema = z
  .strictObject({
    id: modelName,
    title: z.string().min(1),
    why: z.string().min(1),
    licence: z.string().min(1),
    from: source,
    files: z.array(modelFile).min(1),
  })
  .superRefine(requireEntries)

const catalogSchema = z.strictObject({
  schema: z.literal(1),
  models: z.array(catalogEntrySchema).superRefine((models, context) => {
    for (const [i, model] of models.entries()) {
      if (models.findIndex(other => other.id === model.id) !== i) {
        context.addIssue({ code: 'custom', path: [i, 'id'], message: `"${model.id}" stands here twice` })
      }
    }
  }),
})

type CatalogEntry = z.infer<typeof catalogEntrySchema>
export type Catalog = ReadonlyMap<string, CatalogEntry>

/** Model files that a stack brings itself; each path is relative to the stack file's folder. */
const ownModelSchema = z
  .strictObject({
    name: modelName,
    why: z.string().min(1),
    licence: z.string().min(1),
    from: source,
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
  const lines = new LineCounter()
  const document = parseDocument(readFileSync(path, 'utf8'), { lineCounter: lines })
  const fault = document.errors[0]
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0])
    throw new ProblemError(messages.badCatalog(path, line, col, fault.message.split('\n')[0] ?? ''))
  }
  const parsed = catalogSchema.safeParse(document.toJS())
  if (parsed.success) return new Map(parsed.data.models.map(model => [model.id, model]))
  const issue = parsed.error.issues[0]
  const keys = issue?.path ?? []
  // A missing key has no node of its own: its nearest parent that is there is shown.
  let node: unknown
  for (let depth = keys.length; depth >= 0 && !isNode(node); depth--) {
    node = document.getIn(keys.slice(0, depth), true)
  }
  const { line, col } = lines.linePos(isNode(node) ? (node.range?.[0] ?? 0) : 0)
  const where = keys.length === 0 ? '' : `${keys.join('.')}: `
  throw new ProblemError(messages.badCatalog(path, line, col, where + (issue?.message ?? 'not valid')))
}

/** Each file of an archive needs the name that it has in there; a plain download is one file. */
function requireEntries(
  model: { from: z.infer<typeof source>; files: readonly z.infer<typeof modelFile>[] },
  context: z.RefinementCtx,
): void {
  const archive = 'npm' in model.from || archiveName.test(new URL(model.from.url).pathname)
  for (const [i, file] of model.files.entries()) {
    if (archive && file.entry === undefined && file.made === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['files', i],
        message: "expected {path, entry}: `entry` is the file's path inside the archive",
      })
    }
  }
  if (!archive && model.files.length !== 1) {
    context.addIssue({
      code: 'custom',
      path: ['files'],
      message: 'expected one file, since the URL is not a .tar.gz or .tgz archive',
    })
  }
}
