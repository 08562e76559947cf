export type Level = 'error' | 'warn' | 'info' | 'debug'

/** The gravest first. */
export const levels: readonly Level[] = ['error', 'warn', 'info', 'debug']

/**
 * What a line of a log (without escape sequences) says of its weight, in the usual formats: a word near its begin such as
 * `ERROR`, `[warn]` or `WARNING:`, `level=error`, JSON with a `level` in words or in pino's numbers, Android's `E/`.
 * Undefined where it says nothing; then it most often belongs to the line before.
 */
export function levelOf(text: string): Level | undefined {
  const head = text.slice(0, 400)
  const named = field.exec(head)?.[1] ?? number.exec(head)?.[1]
  if (named !== undefined)
    return /^\d/.test(named) ? levelOfNumber(Number(named)) : words[named.toLowerCase()]
  const word = bracketed.exec(head)?.[1] ?? shouted.exec(head)?.[1] ?? leading(head)
  if (word !== undefined) return words[word.toLowerCase()]
  const letter = /^(?:[\d\-:.\s]*\s)?([VDIWEF])\//.exec(head)?.[1] ?? /^([DIWEF])\d{4} \d\d:/.exec(head)?.[1]
  if (letter !== undefined) return letters[letter]
  return thrown.test(head) ? 'error' : undefined
}

const words: Readonly<Record<string, Level>> = {
  panic: 'error',
  emergency: 'error',
  alert: 'error',
  fatal: 'error',
  critical: 'error',
  crit: 'error',
  severe: 'error',
  error: 'error',
  err: 'error',
  warning: 'warn',
  warn: 'warn',
  notice: 'info',
  info: 'info',
  information: 'info',
  log: 'info',
  debug: 'debug',
  verbose: 'debug',
  silly: 'debug',
  trace: 'debug',
}

const letters: Readonly<Record<string, Level>> = {
  V: 'debug',
  D: 'debug',
  I: 'info',
  W: 'warn',
  E: 'error',
  F: 'error',
}

const word = Object.keys(words).join('|')
/** `level=error`, `"severity": "WARNING"`. */
const field = new RegExp(
  `(?:^|[\\s{,"'])(?:level|lvl|severity|levelname)["']?\\s*[=:]\\s*["']?(${word})\\b`,
  'i',
)
/** Pino's and bunyan's `"level":30`. */
const number = /"level"\s*:\s*(\d{2})\b/
/** `[warn]`, `[ERROR]`, `<info>`, in the first words. */
const bracketed = new RegExp(`^.{0,80}?[[<(]\\s*(${word})\\s*[\\])>]`, 'i')
/** `ERROR` in capitals among the first words, behind a time or a name. */
const shouted = new RegExp(`^.{0,80}?(?<![\\w.'/-])(${word.toUpperCase()})(?![\\w'/-])`)
/** `error: …`, `warn - …`, `npm error …`, at the begin, perhaps behind a time or a sign. */
const first = new RegExp(
  `^(?:[\\d\\-:.,TZ+/\\s[\\]]*|npm |[✖✗✘×⚠ℹ●▲!]\\uFE0F?\\s*)(?:(${word})(?=:|\\s+[-|]|$)|(error|warning|warn|info|debug)(?=\\s))`,
  'i',
)
/** `TypeError: …`, `java.io.IOException: …`, `Uncaught …`, Python's and Rust's last words. */
const thrown =
  /^(?:Uncaught |Unhandled )|^(?:[\w$.]+\.)?[A-Z]\w*(?:Error|Exception)\b(?::| \[)|^Traceback \(most recent call last\)|^thread '.*' panicked/

function leading(text: string): string | undefined {
  const [, strict, loose] = first.exec(text) ?? []
  return strict ?? loose
}

function levelOfNumber(level: number): Level {
  if (level >= 50) return 'error'
  if (level >= 40) return 'warn'
  return level >= 30 ? 'info' : 'debug'
}
