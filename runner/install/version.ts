/** An answer that a program gives honestly: where it can't tell, somebody else (pip) has to. */
export type Verdict = 'yes' | 'no' | 'unsure'

interface Clause {
  readonly operator: string
  readonly release: readonly number[]
}

/**
 * Whether a version fits a list of clauses such as `>=3.12,<4`. Plain releases only (numbers and dots, PEP 440); wildcards,
 * pre-releases, local versions and epochs are `unsure`, unless two of them are the same text.
 */
export function satisfies(version: string, specifier: string): Verdict {
  const clauses = specifier.split(',').filter(part => part.trim() !== '')
  const verdicts = clauses.map(clause => {
    const exact = /^\s*===?\s*(\S+)\s*$/.exec(clause)?.[1]
    if (exact === version) return 'yes'
    const parsed = parseClause(clause)
    const release = parseRelease(version)
    return parsed === undefined || release === undefined ? 'unsure' : fits(release, parsed) ? 'yes' : 'no'
  })
  if (verdicts.includes('no')) return 'no'
  return verdicts.includes('unsure') ? 'unsure' : 'yes'
}

function parseClause(text: string): Clause | undefined {
  const match = /^\s*(==|>=|<=|!=|~=|>|<)\s*([0-9.]+)\s*$/.exec(text)
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
