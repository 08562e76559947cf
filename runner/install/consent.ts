import type { Io } from '../../lib/io.ts'
import { isOffline } from '../../lib/offline.ts'
import type { Problem } from '../../lib/problem.ts'
import { isTerminal } from '../is-terminal.ts'
import { choose, chooseSeveral } from '../prompt.ts'
import { megabytes } from './bytes.ts'
import type { Item } from './item.ts'
import { consentWords as words, messages } from './messages.ts'
import { describe, sumOf } from './screen.ts'
import { reachSources } from './sources.ts'

/** `yes` agrees to all without a question, `no` to nothing; `only`: to these, by id, and to nothing else. */
export type Consent = 'ask' | 'yes' | 'no' | { readonly only: readonly string[] }

export type Agreed =
  | { readonly type: 'agreed'; readonly items: readonly Item[]; readonly leftOut: readonly LeftOut[] }
  | { readonly type: 'declined' }
  | { readonly type: 'cannot_ask'; readonly planText: string }
  | { readonly type: 'failed'; readonly problem: Problem }

/** What stays away, and why: somebody wished so for this run, or for good, or its source can't be reached. */
export interface LeftOut {
  readonly id: string
  readonly why: 'wished' | 'unchecked' | { readonly fault: string }
}

/**
 * Shows the items on one screen and asks once for all of them. `known`: ids that `--only` may name although there is nothing
 * to do for them; `dir`: what paths are shown relative to.
 */
export async function agree(
  items: readonly Item[],
  consent: Consent,
  io: Io,
  { dir, known }: { readonly dir: string; readonly known: readonly string[] },
): Promise<Agreed> {
  if (typeof consent === 'object') return onlyThese(items, consent.only, known)
  if (items.length === 0 || consent === 'yes') return { type: 'agreed', items, leftOut: [] }
  if (consent === 'no') return { type: 'agreed', items: [], leftOut: items.map(wished) }
  const offline = isOffline(io.env)
  const canAsk = isTerminal(io)
  if (!canAsk && !offline) return { type: 'cannot_ask', planText: describe(items, { dir, env: io.env }) }
  if (canAsk && !offline) io.stdout.write(words.looking)
  const faults = await reachSources(items, io)
  if (io.signal.aborted) return interrupted(io)
  const reachable = items.filter(item => !faults.has(item.id))
  const unreachable = items.flatMap(({ id }) => {
    const fault = faults.get(id)
    return fault === undefined ? [] : { id, why: { fault } }
  })
  // Who wants no network has agreed to do without what would come from there.
  if (offline && reachable.length === 0) return { type: 'agreed', items: [], leftOut: unreachable }
  if (!canAsk) return { type: 'cannot_ask', planText: describe(reachable, { dir, env: io.env }) }

  const width = io.stdout.columns ?? 80
  io.stdout.write(`\r\u001B[K\n${describe(items, { dir, env: io.env, width, faults })}\n\n`)
  const answer = await choose(words.question, choicesFor(reachable, unreachable.length), io)
  if (io.signal.aborted) return interrupted(io)
  if (answer === undefined || answer === 'none') return { type: 'declined' }
  if (answer === 'all') return { type: 'agreed', items: reachable, leftOut: unreachable }
  const chosen = await chooseSome(reachable, io)
  if (io.signal.aborted) return interrupted(io)
  if (chosen === undefined || chosen.length === 0) return { type: 'declined' }
  return {
    type: 'agreed',
    items: reachable.filter(({ id }) => chosen.includes(id)),
    leftOut: [
      ...reachable
        .filter(({ id }) => !chosen.includes(id))
        .map(({ id }) => ({ id, why: 'unchecked' as const })),
      ...unreachable,
    ],
  }
}

function onlyThese(items: readonly Item[], only: readonly string[], known: readonly string[]): Agreed {
  const all = [...new Set([...items.map(({ id }) => id), ...known])]
  const unknown = only.find(name => !all.includes(name))
  if (unknown !== undefined) return { type: 'failed', problem: messages.onlyUnknown(unknown, all) }
  return {
    type: 'agreed',
    items: items.filter(({ id }) => only.includes(id)),
    leftOut: items.filter(({ id }) => !only.includes(id)).map(wished),
  }
}

function wished({ id }: Item): LeftOut {
  return { id, why: 'wished' }
}

function interrupted(io: Io): Agreed {
  return { type: 'failed', problem: messages.interruptedQuestion(String(io.signal.reason)) }
}

function choicesFor(items: readonly Item[], unreachable: number) {
  if (items.length === 0)
    return [
      { title: words.without, value: 'all' },
      { title: words.stop, value: 'none' },
    ]
  return [
    { title: unreachable > 0 ? words.allReachable(sumOf(items)) : words.all(sumOf(items)), value: 'all' },
    ...(items.length > 1 ? [{ title: words.some, value: 'some' }] : []),
    { title: words.none, value: 'none' },
  ]
}

function chooseSome(items: readonly Item[], io: Io): Promise<string[] | undefined> {
  const choices = items.map(item => {
    const { bytes } = sumOf([item])
    return { title: bytes > 0 ? `${item.id}, ${megabytes(bytes)}` : item.id, value: item.id, selected: true }
  })
  return chooseSeveral(words.which, choices, io)
}
