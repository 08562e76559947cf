import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { servicesOf } from '../../services/portal/queue-view.ts'
import { shareWith } from '../../services/portal/share.ts'
import { words } from './messages.ts'
import { checkService, openPortal, parsePortal } from './open.ts'

/** Lets another user of this machine submit: to the named services, else to all that there are. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parsePortal('share', argv, {}, { least: 1, most: 64 })
  const portal = await openPortal(values, io)
  const [user = '', ...named] = positionals
  for (const service of named) await checkService(portal, service)
  const services = named.length > 0 ? named : await servicesOf(portal.spool)
  // Without any, what is wrong with the spool is said.
  if (services.length === 0) await checkService(portal, 'stt')
  for (const service of services) await shareWith({ spool: portal.spool, service, user })
  io.stdout.write(words.shared(user, services.join(', '), portal.spool))
  return exit.ok
}
