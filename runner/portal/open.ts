import { access } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { idSchema } from '../../services/portal/ids.ts'
import { userFolders } from '../../services/portal/layout.ts'
import { findJobs, type JobView, servicesOf } from '../../services/portal/queue-view.ts'
import { messages } from '../messages.ts'
import { whereOptions } from '../options.ts'
import { knownRun, type WhereValues } from '../run-context.ts'
import { problems } from './messages.ts'
import { type Subcommand, usages } from './usages.ts'

/** The portals of one run, as the user who calls. */
export interface Portal {
  readonly spool: string
  readonly user: string
  /** The --stack and --home that were given, with a blank before: for the commands that a message names. */
  readonly where: string
}

export async function openPortal(values: WhereValues, io: Io): Promise<Portal> {
  // A home that is named needs no stack file beside it.
  const home = values.home === undefined ? (await knownRun(values, io)).home : resolve(io.cwd, values.home)
  const given = (['stack', 'home'] as const).map(name => (values[name] ? ` --${name} ${values[name]}` : ''))
  return { spool: join(home, 'portals'), user: userInfo().username, where: given.join('') }
}

/** A subcommand's words; too many or too few of them are a problem with its usage. */
export function parsePortal<O extends ParseArgsOptionsConfig>(
  name: Subcommand,
  argv: readonly string[],
  options: O,
  words: { readonly least: number; readonly most: number },
) {
  const wrong = (detail: string, cause?: unknown): ProblemError =>
    new ProblemError(messages.badArguments(detail, usages[name]), { cause })
  let parsed
  try {
    parsed = parseArgs({ args: [...argv], options: { ...whereOptions, ...options }, allowPositionals: true })
  } catch (error) {
    throw wrong((error as Error).message.split('. ')[0] ?? '', error)
  }
  const { positionals } = parsed
  if (positionals.length < words.least) throw wrong('a word is missing.')
  if (positionals.length > words.most) throw wrong(`"${positionals[words.most]}" is one word too many.`)
  return parsed
}

export const jsonOption = { json: { type: 'boolean' } } as const

/** The one job that was meant, or a problem. */
export async function findJob({ spool, user, where }: Portal, text: string): Promise<JobView> {
  const found = await findJobs(spool, user, text)
  const [job] = found
  if (job === undefined) throw new ProblemError(problems.unknownJob(text, where))
  if (found.length > 1) throw new ProblemError(problems.ambiguous(text, found))
  return job
}

/** Throws a problem for a service that the spool doesn't know. */
export async function checkService({ spool, user }: Portal, service: string): Promise<void> {
  const known = await servicesOf(spool)
  // Where the spool is another user's, it can't be listed.
  if (known.includes(service)) return
  const isOwn = await access(userFolders(spool, service, user).todo).then(
    () => idSchema.safeParse(service).success,
    () => false,
  )
  if (!isOwn) throw new ProblemError(problems.unknownService(service, spool, known))
}
