import type { Io } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { messages } from './messages.ts'

/** Options of every command that may download something. */
export const networkOptions = { mirror: { type: 'string' }, offline: { type: 'boolean' } } as const

interface NetworkValues {
  readonly mirror?: string | undefined
  readonly offline?: boolean | undefined
}

/** They are environment variables from here on, so that everything that is started knows of them. */
export function withNetwork(values: NetworkValues, io: Io): Io {
  const { mirror, offline } = values
  // Now, and not when the first download begins.
  if (mirror !== undefined) checkMirror(mirror)
  const env = {
    ...io.env,
    ...(mirror === undefined ? {} : { COURANTE_MIRROR: mirror }),
    // npm takes `--offline` for itself and passes it on as a variable.
    ...(offline === true || io.env['npm_config_offline'] === 'true' ? { OFFLINE: '1' } : {}),
  }
  return { ...io, env }
}

/** A URL, or HOST=URL pairs with commas; models/access.ts reads it. */
function checkMirror(text: string): void {
  for (const part of text.split(',')) {
    const url = URL.parse(part.trim().replace(/^[^=/]+=/, ''))
    if (url === null || !/^https?:$/.test(url.protocol)) throw new ProblemError(messages.badMirror(part))
  }
}
