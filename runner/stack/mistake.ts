import type { z } from 'zod'

/**
 * What was expected, in plain words, for a mistake that the schema has no words of its own for. Given to zod where a
 * stack file is parsed; undefined leaves the wording to zod.
 */
export function expectation(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return `missing; expected ${kinds[issue.expected] ?? issue.expected}`
      return `expected ${kinds[issue.expected] ?? issue.expected}, and this is ${shown(issue.input)}${hint(issue)}`
    case 'invalid_value':
      if (issue.input === undefined) return `missing; expected ${oneOf(issue.values)}`
      return `expected ${oneOf(issue.values)}, and this is ${shown(issue.input)}`
    case 'too_big':
      return `expected at most ${amount(issue.origin, issue.maximum)}`
    case 'too_small':
      if (issue.origin === 'string' && Number(issue.minimum) === 1)
        return 'expected some text, and this is empty'
      return `expected at least ${amount(issue.origin, issue.minimum)}`
    case 'invalid_key':
      return issue.issues[0]?.message
    case 'invalid_format':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_union':
    case 'invalid_element':
    case 'custom':
      return undefined
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys with values',
  record: 'keys with values',
}

/** YAML reads `3` and `yes` as what they look like. */
function hint({ expected, input }: { expected: string; input?: unknown }): string {
  return expected === 'string' && (typeof input === 'number' || typeof input === 'boolean')
    ? `; put it in quotes: '${input}'`
    : ''
}

function shown(input: unknown): string {
  if (input === null) return 'empty'
  if (Array.isArray(input)) return 'a list'
  if (typeof input === 'string') return JSON.stringify(input.length > 40 ? `${input.slice(0, 40)}…` : input)
  return typeof input === 'number' || typeof input === 'boolean' ? String(input) : 'keys with values'
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.map(String).join(', ')}`
}

function amount(origin: string, limit: number | bigint): string {
  if (origin === 'number' || origin === 'int') return String(limit)
  const thing = origin === 'array' || origin === 'set' ? 'entr' : origin === 'string' ? 'character' : 'key'
  if (thing === 'entr') return Number(limit) === 1 ? 'one entry' : `${limit} entries`
  return Number(limit) === 1 ? `one ${thing}` : `${limit} ${thing}s`
}
