import type { Problem } from '../../lib/problem.ts'
import type { Access } from '../access.ts'
import { messages } from '../messages.ts'
import type { Failure } from './failure.ts'

interface Subject {
  readonly what: string
  readonly bytes: number
  readonly access: Access
}

/** What a person is told when a failure ends a download. */
export function wordsFor(failure: Failure, { what, bytes, access }: Subject, got: number): Problem {
  const { host } = new URL(access.url)
  const name = host === what ? host : `${host} (${what})`
  switch (failure.type) {
    case 'connection':
      return messages.unreachable(name, failure.code)
    case 'stalled':
      return messages.stalled(what)
    case 'cut_short':
      return messages.cutShort(what, got, bytes)
    case 'status': {
      const { status } = failure
      if ((status === 401 || status === 403) && access.hub) return messages.gated(what, status)
      if (status === 404 || status === 410) return messages.notFound(what)
      if (status >= 500 || status === 429 || status === 408) return messages.busyServer(name, status)
      return messages.refused(what, String(status))
    }
  }
}
