import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Io } from '../../lib/io.ts'

const port = z.coerce.number().int().min(1).max(65_535)
const runningStack = z.object({ services: z.object({ backend: z.object({ port }) }) })

/** Where live speech becomes text: the environment's port, else that of the stack that was brought up last, else the default. */
export async function realtimeUrl(home: string, env: Io['env']): Promise<string> {
  return `ws://127.0.0.1:${await backendPort(home, env)}/v1/realtime?intent=transcription`
}

async function backendPort(home: string, env: Io['env']): Promise<number> {
  const given = port.safeParse(env['COURANTE_PORT_BACKEND'])
  if (given.success) return given.data
  try {
    const stack = runningStack.safeParse(JSON.parse(await readFile(join(home, 'run', 'stack.json'), 'utf8')))
    if (stack.success) return stack.data.services.backend.port
  } catch (error) {
    if (!(error instanceof SyntaxError) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  return 8770
}
