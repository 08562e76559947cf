import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { jsonOrUndefined } from '../lib/parse-json.ts'
import { identify, isAlive } from '../lib/process-identity.ts'

/**
 * Runs a short and synchronous change of a file while no other process does, by a file that says who is at it. Whoever was
 * killed there holds nobody up; nor does one that is stopped, for longer than two seconds. Two that break the same dead lock
 * in the same moment may both go on: what the file guards has to be such that a lost change costs time and nothing else.
 */
export async function withFileLock(path: string, change: () => void): Promise<void> {
  for (let waited = 0; !take(path); waited += pauseMs) {
    if (waited >= patienceMs || isDead(path)) rmSync(path, { force: true })
    else await delay(pauseMs)
  }
  try {
    change()
  } finally {
    rmSync(path, { force: true })
  }
}

const pauseMs = 5
const patienceMs = 2000
const ownerSchema = z.object({ pid: z.int().positive(), started: z.string(), boot: z.string() })

function take(path: string): boolean {
  try {
    // No link of a complete file: there are disks without links.
    writeFileSync(path, JSON.stringify(identify(process.pid)), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** One that is just being written, or has just been let go of, is not. */
function isDead(path: string): boolean {
  try {
    const owner = ownerSchema.safeParse(jsonOrUndefined(readFileSync(path, 'utf8')))
    return owner.success && !isAlive(owner.data)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
