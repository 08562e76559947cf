import type { System } from '../../../../services/backend/protocol.ts'
import type { Tone } from '../models/words.ts'

export type Service = NonNullable<System['stack']>['services'][number]

/** The states of a service, as `courante status` has them. */
const states: Readonly<Record<string, { words: string; tone: Tone }>> = {
  ready: { words: 'ready', tone: 'good' },
  done: { words: 'done', tone: 'good' },
  starting: { words: 'starting', tone: 'waiting' },
  waiting: { words: 'waits for others', tone: 'waiting' },
  stopping: { words: 'stopping', tone: 'waiting' },
  backoff: { words: 'tries again soon', tone: 'waiting' },
  failed: { words: 'failed', tone: 'bad' },
  idle: { words: 'stopped', tone: 'plain' },
}

export function serviceInWords({ state }: Service): { words: string; tone: Tone } {
  return states[state] ?? { words: state.replaceAll('_', ' '), tone: 'plain' }
}

/** What a restart of these does to others; the rest of a stack restarts without being asked about. */
const restarts: Readonly<Record<string, string>> = {
  core: 'Models leave memory and are loaded again when somebody needs them. Answers on their way begin anew by themselves.',
  backend:
    'All pages lose their connection for a moment and come back by themselves. An answer on its way ends there, marked [interrupted]; what it had said is kept.',
}

export function restartInWords(name: string): string | undefined {
  return Object.hasOwn(restarts, name) ? restarts[name] : undefined
}
