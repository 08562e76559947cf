import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { identify } from '../../lib/process-identity.ts'

/** What core writes about itself; more fields are for others. */
const coreFile = z.object({ pid: z.number().int(), started: z.string().optional() })

export function healthRoutes(app: FastifyInstance, home: string): void {
  app.get('/healthz', async () => ({ status: 'ok', core: await coreState(join(home, 'run', 'core.json')) }))
}

async function coreState(path: string): Promise<'running' | 'absent'> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent'
    throw error
  }
  const core = coreFile.safeParse(parseJson(text))
  if (!core.success) return 'absent'
  // A killed core leaves its file behind, and its pid may be somebody else's by now.
  const now = identify(core.data.pid)
  if (now === undefined) return 'absent'
  return core.data.started === undefined || core.data.started === now.started ? 'running' : 'absent'
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON is as good as absent.
    return undefined
  }
}
