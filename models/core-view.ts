import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { identitySchema } from '../lib/identity-schema.ts'
import { jsonOrUndefined } from '../lib/parse-json.ts'
import { isAlive, type ProcessIdentity } from '../lib/process-identity.ts'

const count = z.number().nonnegative().optional().catch(undefined)

/** `memory` is the machine's, `gpu` that of its graphics cards. */
const bytesByDevice = z.record(z.string(), z.number().nonnegative()).catch({})

const residentSchema = z.object({
  id: z.string(),
  kind: z.string().catch(''),
  engine: z.string().catch(''),
  /** It takes pictures. */
  vision: z.boolean().catch(false),
  state: z.string(),
  pid: count,
  /** From 0 to 1, of a model that is being loaded. */
  progress: count,
  /** Bytes. */
  estimated: count,
  measured: count,
  gpu: z.record(z.string(), z.number()).catch({}),
  loadedMs: count,
  inFlight: count,
  parallel: count,
  waiting: count,
  /** Since it was last used. */
  idleMs: count,
  /** Since when and why it is on the processor, where the graphics card has failed it. */
  offCard: z.object({ since: z.number(), why: z.string() }).nullish().catch(undefined),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])).catch({}),
})
export type Resident = z.infer<typeof residentSchema>

const coreSchema = identitySchema.extend({
  /** When it was written, in ms since 1970. */
  at: count,
  budget: bytesByDevice,
  used: bytesByDevice,
  models: z.array(z.unknown()).catch([]),
  queues: z
    .record(z.string(), z.object({ working: z.number().catch(0), waiting: z.number().catch(0) }))
    .catch({}),
})

export interface CoreView {
  readonly pid: number
  /** Bytes that models may take on each device, and that are reserved for them; `memory` is the machine's own. */
  readonly budget: Readonly<Record<string, number>>
  readonly used: Readonly<Record<string, number>>
  readonly models: readonly Resident[]
  readonly queues: Readonly<Record<string, { readonly working: number; readonly waiting: number }>>
}

/** What core says of itself in `<home>/run/core.json`; undefined where none is running. Another version may say less. */
export function readCore(home: string): CoreView | undefined {
  const path = join(home, 'run/core.json')
  let text: string
  let writtenMs: number
  try {
    text = readFileSync(path, 'utf8')
    writtenMs = statSync(path).mtimeMs
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined
    throw error
  }
  const core = coreSchema.safeParse(jsonOrUndefined(text))
  if (!core.success || !lives(core.data)) return undefined
  const sinceMs = Math.max(0, Date.now() - (core.data.at ?? writtenMs))
  const models = core.data.models.flatMap(value => {
    const model = residentSchema.safeParse(value)
    if (!model.success) return []
    const { idleMs, inFlight = 0 } = model.data
    // Core writes when something changes, and time alone is no change.
    const idle = idleMs === undefined || inFlight > 0 ? idleMs : idleMs + sinceMs
    return { ...model.data, idleMs: idle }
  })
  const { pid, budget, used, queues } = core.data
  return { pid, budget, used, models, queues }
}

/**
 * To ask macOS for the start time of a process is to run `ps`, and to wait for it. So whether it is still the same one is asked
 * now and then, and in between only whether there is one: a process that ends is missed at once.
 */
export function lifeCheck(
  isSame: (identity: ProcessIdentity) => boolean,
  isThere: (pid: number) => boolean,
  now: () => number,
): (identity: ProcessIdentity) => boolean {
  let known = { pid: 0, started: '', untilMs: 0 }
  return identity => {
    const { pid, started } = identity
    if (pid === known.pid && started === known.started && now() < known.untilMs && isThere(pid)) return true
    const answer = isSame(identity)
    known = { pid, started, untilMs: answer ? now() + believedMs : 0 }
    return answer
  }
}

const believedMs = 30_000

const lives = process.platform === 'linux' ? isAlive : lifeCheck(isAlive, isThere, Date.now)

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
    return code === 'EPERM'
  }
}
