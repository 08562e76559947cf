import { levelOf, levels } from '../../../supervisor/log-level.ts'
import type { LineFilter } from './lines-window.ts'

/**
 * What a typed filter lets through: `level:warn` for warnings and worse, the rest as a regular expression (as plain
 * text where it is none), small letters for either case. Lines of the supervisor pass a level by their own words.
 */
export function lineFilter(typed: string): LineFilter | undefined {
  const tests: LineFilter[] = []
  const rest = typed.replaceAll(/(?:^|\s)level:(\w+)/g, (_all, name: string) => {
    const test = levelTest(name.toLowerCase())
    if (test !== undefined) tests.push(test)
    return ''
  })
  if (rest.trim() !== '') {
    const pattern = searchPattern(rest.trim())
    tests.push(text => pattern.test(text))
  }
  if (tests.length === 0) return undefined
  return (text, line) => tests.every(test => test(text, line))
}

/** Small letters find either case; what is no regular expression is meant as it stands. */
export function searchPattern(typed: string): RegExp {
  const flags = /\p{Lu}/u.test(typed) ? '' : 'i'
  try {
    return new RegExp(typed, flags)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return new RegExp(typed.replaceAll(/[$()*+./?[\\\]^{|}]/g, String.raw`\$&`), flags)
  }
}

function levelTest(name: string): LineFilter | undefined {
  // `err` and `warning` are meant well.
  const lowest = levels.findIndex(level => name.startsWith(level.slice(0, 3)))
  if (lowest === -1) return undefined
  return (text, { kind }) => {
    if (kind === 'event') return true
    const level = levelOf(text)
    return level !== undefined && levels.indexOf(level) <= lowest
  }
}
