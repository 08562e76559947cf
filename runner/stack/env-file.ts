import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { ProblemError } from '../../lib/problem.ts'
import { messages } from '../messages.ts'

/** The variables of `.env` files (Node's own reading of the format), later files over earlier ones. */
export function readEnvFiles(
  files: string | readonly string[] | undefined,
  dir: string,
  service: string,
): Record<string, string> {
  const env: Record<string, string> = {}
  for (const file of typeof files === 'string' ? [files] : (files ?? [])) {
    const path = resolve(dir, file)
    try {
      Object.assign(env, parseEnv(readFileSync(path, 'utf8')))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      throw new ProblemError(messages.envFileUnreadable(service, path, code ?? message), { cause: error })
    }
  }
  return env
}
