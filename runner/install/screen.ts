import { relative } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { plain } from '../../lib/plain.ts'
import { accessTo } from '../../models/access.ts'
import { freeSpace, lookAtMachine } from '../../models/machine.ts'
import { wrap } from '../wrap.ts'
import { megabytes } from './bytes.ts'
import type { Item } from './item.ts'
import { consentWords as words } from './messages.ts'
import { factsOf, type Step, type StepFacts } from './step.ts'

export interface Shown {
  /** What paths are shown relative to. */
  readonly dir: string
  /** Of mirrors. */
  readonly env: Io['env']
  /** Columns; 80 if not given. */
  readonly width?: number
  /** By item: why its source can't be reached. */
  readonly faults?: ReadonlyMap<string, string>
}

/** What is to be installed, as text for people: each thing with its cost, then the sum and the free space. */
export function describe(
  items: readonly Item[],
  { dir, env, width = 80, faults = new Map() }: Shown,
): string {
  const all = items.flatMap(item =>
    item.steps.map(step => ({ id: item.id, via: viaOf(step, env), ...plainFacts(factsOf(step)) })),
  )
  const columns = (['name', 'size', 'licence'] as const).map(column =>
    Math.max(...all.map(facts => cells(facts)[column].length)),
  )
  const [name = 0, size = 0, licence = 0] = columns
  const { budget } = lookAtMachine()
  const lines = all.flatMap(facts => {
    const cell = cells(facts)
    const first = `  ${cell.name.padEnd(name)}  ${cell.size.padStart(size)}  ${cell.licence.padEnd(licence)}  `
    const why = !facts.memory ? facts.why : `${facts.why}; ${words.memory(facts.memory)}`
    const fault = faults.get(facts.id)
    return [
      ...wrap(why, width, first, indent),
      ...wrap(words.fromTo(facts.source + facts.via, shorten(facts.target, dir)), width, indent, indent),
      ...(facts.trust === undefined ? [] : wrap(words.trust[facts.trust], width, indent, indent)),
      ...((facts.memory ?? 0) > budget
        ? wrap(words.tooBig(facts.memory ?? 0, budget), width, alarm, indent)
        : []),
      ...(fault === undefined ? [] : wrap(words.unreachable(plain(fault)), width, alarm, indent)),
    ]
  })
  const sum = sumOf(items)
  // Only where there is something to fetch does the disk matter.
  const free = sum.bytes > 0 ? freeSpace(all.find(({ bytes }) => bytes)?.target ?? dir) : undefined
  return [words.title, ...lines, ...wrap(words.together(sum, free), width, '  ', indent)].join('\n')
}

/** Licence, name and reason are often what a stranger wrote on a hub. */
function plainFacts(facts: StepFacts): StepFacts {
  const { name, licence = '', source, target, why } = facts
  return {
    ...facts,
    name: plain(name),
    licence: plain(licence),
    source: plain(source),
    target: plain(target),
    why: plain(why),
  }
}

/** Of the details of a thing. */
const indent = '      '
const alarm = `${indent}! `

export interface Sum {
  /** To be downloaded, as far as anybody knows. */
  readonly bytes: number
  /** Somebody else decides about more: pip. */
  readonly open: boolean
}

export function sumOf(items: readonly Item[]): Sum {
  const all = items.flatMap(item => item.steps.map(factsOf))
  return {
    bytes: all.reduce((total, facts) => total + (facts.bytes ?? 0), 0),
    open: all.some(({ bytes }) => bytes === undefined),
  }
}

/** A mirror in the place of the host that everybody knows. */
function viaOf(step: Step, env: Io['env']): string {
  if (step.type !== 'fetch_model' || !('url' in step.model.from)) return ''
  const { host } = new URL(step.model.from.url)
  const actual = new URL(accessTo(step.model.from.url, { ...env, OFFLINE: '' }).url).host
  return actual === host ? '' : words.via(actual)
}

function cells({ name, bytes, licence }: StepFacts): Record<'name' | 'size' | 'licence', string> {
  const size = bytes === undefined ? words.sizeOpen : bytes === 0 ? '' : megabytes(bytes)
  return { name, size, licence: licence ?? '' }
}

function shorten(path: string, dir: string): string {
  const inside = relative(dir, path)
  return inside === '' || inside.startsWith('..') ? path : inside
}
