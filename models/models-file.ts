import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { durationMs, sizeBytes } from './amount.ts'
import { type ModelKind, modelKinds } from './kind.ts'
import { type OwnModel, ownModelSchema } from './own-entry.ts'
import { looseYaml, readYaml, type YamlRead } from './yaml-file.ts'

/** Any model's id: those that were found elsewhere have slashes and colons in them, such as `ollama/qwen3:0.6b`. */
export const anyModelId = z
  .string()
  .max(200)
  .regex(/^\w[\w./:@+-]*$/, 'expected the id of a model')

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
  /** The same on the graphics cards. */
  gpu_memory: sizeBytes.optional(),
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

/** What of a file with faults is without one: for who comes when there has been no good one yet. */
export function goodPartOf(text: string): ModelsFile {
  const value = looseYaml(text)
  if (typeof value !== 'object' || value === null) return emptyModelsFile
  const raw = value as Readonly<Record<string, unknown>>
  const models = new Map<string, OwnModel>()
  for (const entry of Array.isArray(raw['models']) ? (raw['models'] as unknown[]) : []) {
    const parsed = ownModelSchema.safeParse(entry)
    if (parsed.success && !models.has(parsed.data.id)) models.set(parsed.data.id, parsed.data)
  }
  const rest = Object.entries(raw).filter(
    ([key, one]) => key !== 'models' && modelsFileSchema.safeParse({ schema: 1, [key]: one }).success,
  )
  const parsed = modelsFileSchema.safeParse({ ...Object.fromEntries(rest), schema: 1 })
  return { ...(parsed.success ? parsed.data : emptyModelsFile), models: [...models.values()] }
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
