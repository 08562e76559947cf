import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { durationMs, sizeBytes } from './amount.ts'
import { engineOf, enginesFor, isEngine } from './engines.ts'
import { type ModelKind, modelKinds } from './kind.ts'
import { delegate, modelName, sha256 } from './source.ts'

/** An entry of `models` in models.yaml: files that lie here, or an endpoint elsewhere. */
export const ownModelSchema = z
  .unknown()
  .transform((value, context) =>
    typeof value === 'object' && value !== null && 'url' in value
      ? delegate(endpointSchema, value, context)
      : delegate(ownFilesSchema, value, context),
  )
export type OwnModel = z.infer<typeof ownModelSchema>
export type OwnFiles = z.infer<typeof ownFilesSchema>
export type OwnEndpoint = z.infer<typeof endpointSchema>

/** Voice activity works inside of others, and comes from the catalog. */
export const ownKinds = modelKinds.filter(kind => kind !== 'vad')

export const ownId = modelName.max(200)
export const languageCode = /^[a-z]{2,3}(-[A-Za-z]+)?$|^auto$/

const common = {
  id: ownId,
  title: z.string().min(1).optional(),
  licence: z.string().min(1).optional(),
  idle: durationMs.optional(),
  kind: z.enum(ownKinds, `expected one of ${ownKinds.join(', ')}`),
  /** Of speech that is heard: `en`, `de`, `auto`. */
  language: z.string().regex(languageCode, 'expected a code such as en or de, or auto').optional(),
  /** Of speech that is made. */
  voice: z.string().min(1).optional(),
}

const path = z
  .string()
  .refine(text => isAbsolute(text) || text.startsWith('~/'), 'expected an absolute path, or one with ~/')

const ownFilesSchema = z
  .strictObject({
    ...common,
    /** A file, or a folder whose files have the names that their makers gave them. */
    path: path.optional(),
    /** More, or all, by what they are to the engine. */
    files: z.record(z.string().regex(/^[a-z][a-z0-9_]*$/), path).optional(),
    /** Where the kind and the file do not tell. */
    engine: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/)
      .optional(),
    /** The engine's own. */
    settings: z.record(z.string(), z.unknown()).optional(),
    /** Bytes that it takes when loaded, where that is known better than it can be estimated. */
    memory: sizeBytes.optional(),
    /** What lets a language model see: the GGUF file that is called mmproj. */
    vision: path.optional(),
    context_size: z.int().min(16).optional(),
    sequences: z.int().min(1).max(256).optional(),
    /** Where it was downloaded from, and what arrived. */
    from: z.url({ protocol: /^https?$/ }).optional(),
    sha256: sha256.optional(),
  })
  .superRefine((entry, context) => {
    const { kind, engine, path, files = {}, vision = files['vision'] } = entry
    const fault = faultsInto(context)
    if (engine !== undefined && !isEngine(kind, engine))
      fault('engine', `there is no "${engine}" for the kind ${kind}; expected ${enginesFor[kind].join(', ')}`)
    if (path === undefined && (engineOf(entry) === 'python' || Object.keys(files).length === 0))
      fault('path', 'missing; expected the path of a file or a folder')
    if (kind === 'llm' && engine === 'llama' && vision !== undefined)
      fault('engine', 'llama takes no pictures; without it, llama-server is taken, which does')
    checkKind(entry, fault)
  })

/** A model that another program or machine runs: behind an OpenAI-compatible interface, or Automatic1111's own. */
const endpointSchema = z
  .strictObject({
    ...common,
    url: z
      .url({ protocol: /^https?$/, error: 'expected an http or https URL' })
      .refine(hasNoPassword, 'expected no name or password in it; a key belongs into key_env'),
    /** Its name there. */
    model: z.string().min(1).optional(),
    key_env: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, 'expected the name of an environment variable, never the key itself')
      .optional(),
    /** It takes pictures. */
    vision: z.boolean().optional(),
    /** OpenAI's where it is not given. */
    api: z
      .literal('automatic1111', 'expected automatic1111, or nothing for an OpenAI-compatible one')
      .optional(),
  })
  .superRefine((entry, context) => {
    const fault = faultsInto(context)
    // There, the checkpoint that is loaded will do.
    if (entry.model === undefined && entry.api === undefined)
      fault('model', 'missing; expected its name there')
    checkKind(entry, fault)
  })

/** Keys that mean something for some kinds only. */
const kindsOf: Readonly<Record<string, readonly ModelKind[]>> = {
  language: ['stt'],
  voice: ['tts'],
  vision: ['llm'],
  api: ['image'],
  context_size: ['llm', 'embedding', 'rerank'],
  sequences: ['llm', 'embedding', 'rerank'],
}

type Fault = (key: string, message: string) => void

function faultsInto(context: z.RefinementCtx): Fault {
  return (key, message) => context.addIssue({ code: 'custom', path: [key], message })
}

function checkKind(entry: { readonly kind: ModelKind }, fault: Fault): void {
  for (const [key, kinds] of Object.entries(kindsOf))
    if (key in entry && !kinds.includes(entry.kind))
      fault(key, `only models of the kind ${kinds.join(', ')} have it`)
}

function hasNoPassword(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed === null || (parsed.username === '' && parsed.password === '')
}
