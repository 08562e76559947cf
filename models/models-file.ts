import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { durationMs, sizeBytes } from './amount.ts'
import { type ModelKind, modelKinds } from './kind.ts'
import { delegate, modelName, sha256 } from './source.ts'
import { readYaml, type YamlRead } from './yaml-file.ts'

/** Any model's id: those that were found elsewhere have slashes and colons in them, such as `ollama/qwen3:0.6b`. */
export const anyModelId = z
  .string()
  .max(200)
  .regex(/^\w[\w./:@+-]*$/, 'expected the id of a model')

const common = {
  id: modelName.max(200),
  title: z.string().min(1).optional(),
  licence: z.string().min(1).optional(),
  idle: durationMs.optional(),
}

/** A GGUF file, wherever it lies. */
const ownFileSchema = z.strictObject({
  ...common,
  kind: z.enum(['llm', 'embedding']),
  path: z
    .string()
    .refine(path => isAbsolute(path) || path.startsWith('~/'), 'expected an absolute path, or one with ~/'),
  context_size: z.int().min(16).optional(),
  sequences: z.int().min(1).max(256).optional(),
  /** Where it was downloaded from, and what arrived. */
  from: z.url({ protocol: /^https?$/ }).optional(),
  sha256: sha256.optional(),
})

/** A model that another program or machine runs, behind an OpenAI-compatible interface. */
const endpointSchema = z.strictObject({
  ...common,
  kind: z.enum(['llm', 'embedding']),
  url: z
    .url({ protocol: /^https?$/, error: 'expected an http or https URL' })
    .refine(hasNoPassword, 'expected no name or password in it; a key belongs into key_env'),
  /** Its name there. */
  model: z.string().min(1),
  key_env: z
    .string()
    .regex(/^[A-Za-z_]\w*$/, 'expected the name of an environment variable, never the key itself')
    .optional(),
})

function hasNoPassword(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed === null || (parsed.username === '' && parsed.password === '')
}

const ownModelSchema = z
  .unknown()
  .transform((value, context) =>
    typeof value === 'object' && value !== null && 'url' in value
      ? delegate(endpointSchema, value, context)
      : delegate(ownFileSchema, value, context),
  )
export type OwnModel = z.infer<typeof ownModelSchema>

const modelsFileSchema = z.strictObject({
  schema: z.literal(1),
  models: z
    .array(ownModelSchema)
    .superRefine((models, context) => {
      for (const [i, model] of models.entries()) {
        if (models.findIndex(other => other.id === model.id) !== i) {
          context.addIssue({ code: 'custom', path: [i, 'id'], message: `"${model.id}" stands here twice` })
        }
      }
    })
    .default([]),
  /** What is used where a request names no model. */
  defaults: z.partialRecord(z.enum(modelKinds), anyModelId).default({}),
  /** Loaded with core, and never unloaded to make room. */
  pins: z.array(anyModelId).default([]),
  /** Bytes, over all models. */
  memory: sizeBytes.optional(),
  /** Unloaded after this time without work, in ms; 0 is never. */
  idle: durationMs.optional(),
})
export type ModelsFile = z.infer<typeof modelsFileSchema>
export type Defaults = Readonly<Partial<Record<ModelKind, string>>>

export const emptyModelsFile: ModelsFile = { schema: 1, models: [], defaults: {}, pins: [] }

export function modelsFilePath(home: string): string {
  return join(home, 'models.yaml')
}

/** `<home>/models.yaml`: what the user added, chose and pinned. A file that is not there is an empty one. */
export function parseModelsFile(text: string): YamlRead<ModelsFile> {
  return readYaml(text.trim() === '' ? 'schema: 1\n' : text, modelsFileSchema)
}

/** Undefined: there is none. */
export function modelsFileText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
