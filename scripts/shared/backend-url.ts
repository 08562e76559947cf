import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Io } from '../../lib/io.ts'
import { readLocalKey } from '../../services/chat/users/local-key.ts'

const port = z.coerce.number().int().min(1).max(65_535)
const runningStack = z.object({ services: z.object({ backend: z.object({ port }) }) })

export interface BackendAccess {
  /** `http://127.0.0.1:8770` */
  readonly url: string
  /** For each request, WebSockets too: they make us the user of this machine, also where others need an account. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * How the commands of this machine reach the backend: at the environment's port, else that of the stack that was brought up
 * last, else the default. Without a key that we may read there is no header, which does in single-user mode.
 */
export async function backendAccess(home: string, env: Io['env']): Promise<BackendAccess> {
  const key = await readLocalKey(home)
  return {
    url: `http://127.0.0.1:${await backendPort(home, env)}`,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
  }
}

/** Where live speech becomes text. */
export async function realtimeAccess(home: string, env: Io['env']): Promise<BackendAccess> {
  const { url, headers } = await backendAccess(home, env)
  return { url: `${url.replace('http:', 'ws:')}/v1/realtime?intent=transcription`, headers }
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
