import { access } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import type { ParseArgsOptionsConfig } from 'node:util'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { idSchema } from '../../services/portal/ids.ts'
import { userFolders } from '../../services/portal/layout.ts'
import { findJobs, type JobView, servicesOf } from '../../services/portal/queue-view.ts'
import { knownRun, type WhereValues } from '../run-context.ts'
import { parseSubcommand } from '../subcommand.ts'
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

export function parsePortal<O extends ParseArgsOptionsConfig>(
  name: Subcommand,
  argv: readonly string[],
  options: O,
  words: { readonly least: number; readonly most: number },
) {
  return parseSubcommand(argv, { usage: usages[name], options, words, missing: 'a word is missing.' })
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
