import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isAlive } from '../../../lib/process-identity.ts'

/** Of `<home>/run/core.json`, what is needed here; what else is in it may change. */
const coreSchema = z.object({
  pid: z.number(),
  started: z.string(),
  boot: z.string(),
  models: z
    .array(
      z.object({
        id: z.string(),
        kind: z.string(),
        vision: z.boolean().optional().catch(undefined),
        facts: z.object({ context: z.number().optional() }).catch({}),
      }),
    )
    .catch([]),
})

export interface CoreLook {
  readonly lives: boolean
  /** Tokens that a language model in memory holds; without an id, the only one. */
  contextOf(model: string | undefined): number | undefined
  /** Whether that model takes pictures; undefined: it is not in memory, and nobody has said. */
  seesOf(model: string | undefined): boolean | undefined
}

/** Core as it is now. */
export async function lookAtCore(home: string): Promise<CoreLook> {
  const core = await readCore(join(home, 'run/core.json'))
  if (core === undefined) return { lives: false, contextOf: () => undefined, seesOf: () => undefined }
  const models = core.models.filter(({ kind }) => kind === 'llm')
  const find = (id: string | undefined) =>
    id === undefined ? (models.length === 1 ? models[0] : undefined) : models.find(model => model.id === id)
  return {
    lives: isAlive(core),
    contextOf: id => find(id)?.facts.context,
    seesOf: id => find(id)?.vision,
  }
}

async function readCore(path: string): Promise<z.infer<typeof coreSchema> | undefined> {
  try {
    return coreSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}
