import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../../../lib/atomic-write.ts'

const schema = z.object({
  mode: z.enum(['local', 'accounts']),
  /** How others call it; empty in single-user mode. */
  origins: z.array(z.string()),
})

/** What the backend that was started last tells the commands of this machine, in `<home>/run/backend.json`. */
export type BackendFacts = z.infer<typeof schema>

const pathOf = (home: string): string => join(home, 'run', 'backend.json')

export async function writeBackendFacts(home: string, facts: BackendFacts): Promise<void> {
  await mkdir(join(home, 'run'), { recursive: true, mode: 0o700 })
  await writeFileAtomic(pathOf(home), `${JSON.stringify(facts)}\n`, { mode: 0o600 })
}

/** Undefined where no backend has run yet. */
export async function readBackendFacts(home: string): Promise<BackendFacts | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(pathOf(home), 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
