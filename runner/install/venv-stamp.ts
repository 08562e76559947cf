import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../../lib/atomic-write.ts'
import { jsonOrUndefined } from '../../lib/parse-json.ts'
import type { PythonNeed } from './environment.ts'
import { sitePackagesOf } from './installed.ts'
import { readRequirements } from './requirements.ts'
import { stampName } from './venv-names.ts'

const stampSchema = z.object({
  schema: z.literal(2),
  /** sha256 of each file that the requirements depend on. */
  requirements: z.record(z.string(), z.string()),
  /** Of the names of what is installed, which hold the versions. Not a time: Python itself writes there when it runs. */
  packages: z.string(),
  /** Courante made this venv; else a person did, and it only has packages from here. An uninstall takes its own ones. */
  made: z.boolean().default(false),
})

type Stamped = Pick<PythonNeed, 'venv' | 'requirements'>

/** Remembers, in the venv, that its packages fit the requirements as they are now, and still who made it. */
export async function stampVenv(need: Stamped): Promise<void> {
  await write(need, stampSchema.safeParse(readStamp(need.venv)).data?.made ?? false)
}

/** The same of a venv that was made just now. One without its packages fits no requirements: give none. */
export async function stampMade(need: Stamped): Promise<void> {
  await write(need, true)
}

async function write(need: Stamped, made: boolean): Promise<void> {
  const sitePackages = sitePackagesOf(need.venv)
  if (sitePackages === undefined) return
  const stamp: z.infer<typeof stampSchema> = {
    schema: 2,
    requirements: hashes(readRequirements(need.requirements).files),
    packages: packagesOf(sitePackages),
    made,
  }
  await writeFileAtomic(join(need.venv, stampName), JSON.stringify(stamp, undefined, 2) + '\n')
}

/** `fresh`: nothing has changed since pip was content; `same_files`: the packages have, what is asked for has not. */
export function judgeStamp(
  venv: string,
  sitePackages: string,
  files: readonly string[],
): 'fresh' | 'same_files' | 'stale' {
  const stamp = stampSchema.safeParse(readStamp(venv)).data
  if (stamp === undefined || JSON.stringify(stamp.requirements) !== JSON.stringify(hashes(files)))
    return 'stale'
  return stamp.packages === packagesOf(sitePackages) ? 'fresh' : 'same_files'
}

/** One that can't be read is none: the long way round gives the same answer. */
function readStamp(venv: string): unknown {
  try {
    return jsonOrUndefined(readFileSync(join(venv, stampName), 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function packagesOf(sitePackages: string): string {
  const names = readdirSync(sitePackages).filter(name => /\.(dist-info|egg-info|egg-link|pth)$/.test(name))
  return createHash('sha256').update(names.sort().join('\n')).digest('hex')
}

function hashes(files: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    files.map(file => [file, createHash('sha256').update(readFileSync(file)).digest('hex')]),
  )
}
