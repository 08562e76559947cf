import type { Verdict } from './version.ts'
import { satisfies } from './version.ts'

/** The variables of PEP 508 for one Python; one that is missing is not known. */
export type MarkerValues = Readonly<Record<string, string>>

/**
 * Whether a marker such as `python_version < "3.11" and sys_platform != "win32"` holds. `extras` are those that were asked
 * for, normalised. `unsure`: it asks for a variable that is not known, or can't be read.
 */
export function judgeMarker(text: string, values: MarkerValues, extras: ReadonlySet<string>): Verdict {
  const tokens = tokenize(text)
  if (tokens === undefined) return 'unsure'
  const reader = new Reader(tokens, values, extras)
  const verdict = reader.or()
  return reader.atEnd ? verdict : 'unsure'
}

const variables = new Set([
  'python_version',
  'python_full_version',
  'sys_platform',
  'platform_machine',
  'platform_system',
  'platform_release',
  'platform_version',
  'platform_python_implementation',
  'os_name',
  'implementation_name',
  'implementation_version',
  'extra',
])

type Token =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'variable'; readonly text: string }
  | { readonly type: 'operator'; readonly text: string }
  | { readonly type: 'word'; readonly text: 'and' | 'or' | '(' | ')' }

function tokenize(text: string): Token[] | undefined {
  const tokens: Token[] = []
  const pattern =
    /\s*(?:"([^"]*)"|'([^']*)'|(===|~=|==|!=|<=|>=|<|>|not\s+in\b|in\b)|(and\b|or\b|[()])|([a-z_]+))\s*/y
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text)
    if (match === null) return undefined
    const [, double, single, operator, word, variable] = match
    const quoted = double ?? single
    if (quoted !== undefined) tokens.push({ type: 'text', text: quoted })
    else if (operator !== undefined) tokens.push({ type: 'operator', text: operator.replace(/\s+/, ' ') })
    else if (word !== undefined) tokens.push({ type: 'word', text: word as 'and' })
    else if (variable !== undefined && variables.has(variable))
      tokens.push({ type: 'variable', text: variable })
    else return undefined
  }
  return tokens
}

/** Reads and judges at once; what does not fit the grammar is `unsure`. */
class Reader {
  readonly #tokens: readonly Token[]
  readonly #values: MarkerValues
  readonly #extras: ReadonlySet<string>
  #at = 0

  constructor(tokens: readonly Token[], values: MarkerValues, extras: ReadonlySet<string>) {
    this.#tokens = tokens
    this.#values = values
    this.#extras = extras
  }

  get atEnd(): boolean {
    return this.#at === this.#tokens.length
  }

  or(): Verdict {
    let verdict = this.#and()
    while (this.#takes('or')) verdict = either(verdict, this.#and())
    return verdict
  }

  #and(): Verdict {
    let verdict = this.#one()
    while (this.#takes('and')) verdict = not(either(not(verdict), not(this.#one())))
    return verdict
  }

  #one(): Verdict {
    if (this.#takes('(')) {
      const verdict = this.or()
      return this.#takes(')') ? verdict : 'unsure'
    }
    const [left, operator, right] = this.#tokens.slice(this.#at, this.#at + 3)
    this.#at += 3
    if (left === undefined || operator?.type !== 'operator' || right === undefined) return 'unsure'
    if (left.type === 'variable' && left.text === 'extra') return this.#extra(operator.text, right)
    if (right.type === 'variable' && right.text === 'extra') return this.#extra(operator.text, left)
    const [a, b] = [this.#valueOf(left), this.#valueOf(right)]
    return a === undefined || b === undefined ? 'unsure' : compare(a, operator.text, b)
  }

  #extra(operator: string, { type, text }: Token): Verdict {
    if (type !== 'text') return 'unsure'
    const asked = this.#extras.has(normalizeName(text))
    if (operator === '==') return asked ? 'yes' : 'no'
    return operator === '!=' ? (asked ? 'no' : 'yes') : 'unsure'
  }

  #valueOf(token: Token): string | undefined {
    if (token.type === 'text') return token.text
    return token.type === 'variable' ? this.#values[token.text] : undefined
  }

  #takes(word: string): boolean {
    const token = this.#tokens[this.#at]
    const fits = token?.type === 'word' && token.text === word
    if (fits) this.#at++
    return fits
  }
}

/** As versions where both are, else as texts, which have no order. */
function compare(a: string, operator: string, b: string): Verdict {
  if (operator === 'in') return b.includes(a) ? 'yes' : 'no'
  if (operator === 'not in') return b.includes(a) ? 'no' : 'yes'
  if (/^\d/.test(a) && /^\d/.test(b)) {
    const verdict = satisfies(a, operator + b)
    if (verdict !== 'unsure') return verdict
  }
  if (operator === '==' || operator === '===') return a === b ? 'yes' : 'no'
  return operator === '!=' ? (a === b ? 'no' : 'yes') : 'unsure'
}

function either(a: Verdict, b: Verdict): Verdict {
  if (a === 'yes' || b === 'yes') return 'yes'
  return a === 'no' && b === 'no' ? 'no' : 'unsure'
}

function not(verdict: Verdict): Verdict {
  return verdict === 'unsure' ? 'unsure' : verdict === 'yes' ? 'no' : 'yes'
}

/** Python's own rule for when two names of packages or extras mean one. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-')
}
