import { levelOf, levels } from '../../../supervisor/log-level.ts'
import type { ShownLine } from '../pane/history.ts'
import type { LineFilter } from './lines-window.ts'

/** The line of the same service that stands before one, without escape sequences. */
export type LineBefore = (
  line: Pick<ShownLine, 'service' | 'offset'>,
) => { service: string; offset: number; text: string } | undefined

/**
 * What a typed filter lets through: `level:warn` for warnings and worse, the rest as a regular expression (as plain
 * text where it is none), small letters for either case. Lines of the supervisor pass a level by their own words.
 */
export function lineFilter(typed: string, before: LineBefore = () => undefined): LineFilter | undefined {
  const tests: LineFilter[] = []
  const rest = typed.replaceAll(/(?:^|\s)level:(\w+)/g, (all, name: string) => {
    const test = levelTest(name.toLowerCase(), before)
    if (test === undefined) return all
    tests.push(test)
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

/** The word that a typed filter has for a level and that is none. */
export function unknownLevel(typed: string): string | undefined {
  for (const [, name = ''] of typed.matchAll(/(?:^|\s)level:(\w+)/g))
    if (levelTest(name.toLowerCase(), () => undefined) === undefined) return name
  return undefined
}

/** A stack trace is as long as it likes; somebody's whole indented file need not be read for one line. */
const mostBefore = 100

function levelTest(name: string, before: LineBefore): LineFilter | undefined {
  // `err` and `warning` are meant well.
  const lowest = levels.findIndex(level => name.startsWith(level.slice(0, 3)))
  if (lowest === -1) return undefined
  return (text, line) => {
    if (line.kind === 'event') return true
    // An indented line goes on with the one before: it has that one's level. What says nothing is an info.
    let said = text
    let place: { service: string; offset: number } | undefined = line
    for (let i = 0; i < mostBefore && place !== undefined && /^\s/.test(said); i++) {
      const earlier = before(place)
      place = earlier
      said = earlier?.text ?? said
    }
    return levels.indexOf(levelOf(said) ?? 'info') <= lowest
  }
}
