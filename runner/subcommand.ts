import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { ProblemError } from '../lib/problem.ts'
import { messages } from './messages.ts'
import { whereOptions } from './options.ts'

interface Expected<O extends ParseArgsOptionsConfig> {
  /** Of the subcommand, for whoever gets it wrong. */
  readonly usage: string
  /** Besides --stack and --home. */
  readonly options: O
  readonly words: { readonly least: number; readonly most: number }
  /** What is said when there are too few words. */
  readonly missing: string
}

/** A subcommand's words and options; what does not fit is a problem with its usage. */
export function parseSubcommand<O extends ParseArgsOptionsConfig>(
  argv: readonly string[],
  { usage, options, words, missing }: Expected<O>,
) {
  const wrong = (detail: string, cause?: unknown): ProblemError =>
    new ProblemError(messages.badArguments(detail, usage), { cause })
  let parsed
  try {
    parsed = parseArgs({ args: [...argv], options: { ...whereOptions, ...options }, allowPositionals: true })
  } catch (error) {
    throw wrong((error as Error).message.split('. ')[0] ?? '', error)
  }
  const { positionals } = parsed
  if (positionals.length < words.least) throw wrong(missing)
  if (positionals.length > words.most) throw wrong(`"${positionals[words.most]}" is one word too many.`)
  return parsed
}
