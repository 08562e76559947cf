import { setTimeout as delay } from 'node:timers/promises'
import { ProblemError } from '../../../lib/problem.ts'
import type { ControlClient } from '../../supervisor/control-client.ts'
import type { ConsoleContext } from '../console.ts'
import { clipboardSequence } from './clipboard.ts'
import type { Contents } from './content/contents.ts'
import { readFacts } from './facts.ts'
import { openPage } from './open-page.ts'
import type { Cell, State } from './state.ts'
import type { Effect, Event } from './step.ts'

/** What effects may touch. */
export interface Surroundings {
  readonly context: ConsoleContext
  readonly state: State
  /** Both are there once the supervisor has answered. */
  readonly contents: Contents | undefined
  readonly client: ControlClient | undefined
  readonly signal: AbortSignal
  /** What was typed to services last, on its way. */
  readonly typing: { last: Promise<void> }
  readonly write: (bytes: string) => void
  readonly isSampling: () => boolean
  readonly tell: (event: Event) => void
}

/** Carries out what `update` wanted. */
export function carryOut(effect: Effect, around: Surroundings): void {
  const { state, contents } = around
  switch (effect.type) {
    case 'press':
      return ask(around, client => client.key(effect.key))
    case 'interrupt':
      // In raw mode Ctrl-C is a key; it means what it means everywhere.
      process.kill(process.pid, 'SIGINT')
      return
    case 'restart':
      return ask(around, async client => void (await client.restart([effect.service])))
    case 'type':
      return typeTo(effect.service, effect.bytes, around)
    case 'open':
      return openPage(effect.address)
    case 'scroll':
      return contents?.pane(effect.pane)?.scroll(effect.rows)
    case 'scroll_to':
      return contents?.pane(effect.pane)?.scrollTo(effect.end)
    case 'sideways':
      return contents?.pane(effect.pane)?.sideways(effect.columns)
    case 'review':
    case 'search': {
      const pane = state.panes[effect.pane]
      if (pane !== undefined) contents?.pane(effect.pane)?.[effect.type](pane)
      return
    }
    case 'find':
      return contents?.pane(effect.pane)?.find(effect.direction)
    case 'freeze':
    case 'thaw':
      return contents?.pane(effect.pane)?.freeze(effect.type === 'freeze')
    case 'copy':
      return copy(effect.pane, effect.from, effect.to, around)
    case 'sample':
      void sampleWhileOpen(around).catch(error => refuse(error, around))
  }
}

/** What was pressed before the supervisor answers is done when it does. */
function ask({ context, tell }: Surroundings, request: (client: ControlClient) => Promise<void>): void {
  context.client.then(request).catch((error: unknown) => refuse(error, { tell }))
}

function refuse(error: unknown, { tell }: Pick<Surroundings, 'tell'>): void {
  // A supervisor that has ended tells so by the end of its events.
  if (error instanceof ProblemError && error.problem.code === 'supervisor_gone') return
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET') return
  tell({ type: 'refused', text: error instanceof ProblemError ? error.problem.what : message })
}

/** One request after the other: keys must not overtake each other. */
function typeTo(service: string, bytes: string, around: Surroundings): void {
  const { typing, client } = around
  typing.last = typing.last
    .then(async () => await client?.input(service, bytes))
    .catch((error: unknown) => refuse(error, around))
}

function copy(pane: number, from: Cell, to: Cell, { contents, context, write, tell }: Surroundings): void {
  const text = contents?.pane(pane)?.textBetween(from, to) ?? ''
  const isEmpty = text.trim() === ''
  if (!isEmpty) write(clipboardSequence(text, context.io.env))
  tell({ type: 'copied', lines: isEmpty ? 0 : text.split('\n').length })
}

/** Once a second, only while somebody looks. */
async function sampleWhileOpen({ context, signal, isSampling, tell }: Surroundings): Promise<void> {
  const client = await context.client
  while (isSampling() && !signal.aborted) {
    const [status, facts] = await Promise.all([client.status({ usage: true }), readFacts(context.stack.home)])
    tell({ type: 'sampled', status, facts })
    await delay(1000, undefined, { ref: false })
  }
}
