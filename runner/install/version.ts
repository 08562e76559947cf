import { createRequire } from 'node:module'
import type * as Pep440 from '@renovatebot/pep440'

/** An answer that a program gives honestly: where it can't tell, somebody else (pip) has to. */
export type Verdict = 'yes' | 'no' | 'unsure'

/**
 * Whether a version fits a list of clauses such as `>=3.12,<4` (PEP 440). Plain releases are judged here, since every start
 * asks that of Node and Python, and the library for the rest takes 3 ms to load. `unsure`: what even that can't read.
 */
export function satisfies(version: string, specifier: string): Verdict {
  const clauses = specifier
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
  const verdicts = clauses.map(clause => judge(version, clause))
  if (verdicts.includes('no')) return 'no'
  return verdicts.includes('unsure') ? 'unsure' : 'yes'
}

function judge(version: string, clause: string): Verdict {
  if (/^===?\s*(\S+)$/.exec(clause)?.[1] === version) return 'yes'
  const parsed = parseClause(clause)
  const release = parseRelease(version)
  if (parsed === undefined || release === undefined) return judgeFully(version, clause)
  return fits(release, parsed) ? 'yes' : 'no'
}

const require = createRequire(import.meta.url)

/** Pre-, post- and development releases, wildcards, epochs, local versions. */
function judgeFully(version: string, clause: string): Verdict {
  const pep440 = require('@renovatebot/pep440') as typeof Pep440
  if (pep440.valid(version) === null || !pep440.validRange(clause)) return 'unsure'
  // A pre-release that is installed counts, as it does for pip.
  if (pep440.satisfies(version, clause, { prereleases: true })) return 'yes'
  // There it takes every version of the same release for outside, such as 1.0 for `<1.0.post1`.
  return /^[<>](?!=).*[a-z]/i.test(clause) ? 'unsure' : 'no'
}

interface Clause {
  readonly operator: string
  readonly release: readonly number[]
}

function parseClause(text: string): Clause | undefined {
  const match = /^(==|>=|<=|!=|~=|>|<)\s*([0-9.]+)$/.exec(text)
  const release = parseRelease(match?.[2] ?? '')
  return match?.[1] === undefined || release === undefined ? undefined : { operator: match[1], release }
}

function parseRelease(text: string): number[] | undefined {
  return /^\d+(\.\d+)*$/.test(text) ? text.split('.').map(Number) : undefined
}

function fits(version: readonly number[], { operator, release }: Clause): boolean {
  const order = compare(version, release)
  switch (operator) {
    case '==':
      return order === 0
    case '!=':
      return order !== 0
    case '>=':
      return order >= 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '<':
      return order < 0
    default:
      // ~=1.4.2 is >=1.4.2 within 1.4; ~=1.4 is >=1.4 within 1.
      return order >= 0 && compare(version.slice(0, release.length - 1), release.slice(0, -1)) === 0
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
