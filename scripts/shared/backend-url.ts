import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { readLocalKey } from '../../services/chat/users/local-key.ts'
import { chatProblems } from './chat-messages.ts'

const port = z.coerce.number().int().min(1).max(65_535)
const runningStack = z.object({ services: z.object({ backend: z.object({ port }) }) })

export interface BackendAccess {
  /** `http://127.0.0.1:8770` */
  readonly url: string
  /** For each request, WebSockets too: they make us the user of this machine, also where others need an account. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * How the commands reach the backend: at `COURANTE_URL`, with the API key `COURANTE_KEY`, which may be another machine's; else
 * that of this machine: at the environment's port, else that of the stack that was brought up
 * last, else the default. Without a key that we may read there is no header, which does in single-user mode.
 */
export async function backendAccess(home: string, env: Io['env']): Promise<BackendAccess> {
  const elsewhere = env['COURANTE_URL']
  if (elsewhere !== undefined && elsewhere !== '') {
    if (!URL.canParse(elsewhere)) throw new ProblemError(chatProblems.badUrl(elsewhere))
    const given = env['COURANTE_KEY']
    return {
      url: elsewhere.replace(/\/+$/, ''),
      headers: given === undefined ? {} : { authorization: `Bearer ${given}` },
    }
  }
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
