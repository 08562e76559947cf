import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { ProblemError } from '../../lib/problem.ts'
import { isAlive } from '../../lib/process-identity.ts'
import { coreProblems } from './messages.ts'

/** How often to look whether core is still there while waiting for it. */
const watchMs = 1000
/** A core that was killed is started again by the supervisor, and takes its work up; this long is waited for that. */
const comebackMs = 15_000

/** Does something with a signal that aborts with `core_ended` when core was gone for too long. */
export async function whileCoreLives<T>(
  home: string,
  { signal, isOver }: { readonly signal: AbortSignal; readonly isOver: () => boolean },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController()
  let lastSeen = performance.now()
  const look = async (): Promise<void> => {
    // What has been answered needs no core any more, however long it takes to read or to play it.
    if (isOver() || (await coreLives(home))) lastSeen = performance.now()
    else if (performance.now() - lastSeen > comebackMs) gone.abort(new ProblemError(coreProblems.coreEnded()))
  }
  const timer = setInterval(() => {
    look().catch((error: unknown) => gone.abort(error))
  }, watchMs)
  try {
    return await work(AbortSignal.any([signal, gone.signal]))
  } finally {
    clearInterval(timer)
  }
}

/** False: it is not there. One whose supervisor runs is being started, or was stopped by hand, and is waited for. */
export async function coreComes(home: string, signal: AbortSignal): Promise<boolean> {
  for (const began = performance.now(); performance.now() - began < comebackMs;) {
    if (await coreLives(home)) return true
    if (!(await supervisorLives(home))) return false
    await delay(watchMs / 10, undefined, { signal })
  }
  return false
}

const supervisorSchema = z.object({
  identity: z.object({ pid: z.number(), started: z.string(), boot: z.string() }),
})

export async function supervisorLives(home: string): Promise<boolean> {
  try {
    const text = await readFile(join(home, 'run/supervisor.json'), 'utf8')
    return isAlive(supervisorSchema.parse(JSON.parse(text)).identity)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

const coreSchema = z.object({ pid: z.number(), started: z.string(), boot: z.string() })

export async function coreLives(home: string): Promise<boolean> {
  try {
    return isAlive(coreSchema.parse(JSON.parse(await readFile(join(home, 'run/core.json'), 'utf8'))))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
