import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../../lib/process-identity.ts'
import { isOutdated, newStack, runningStack } from '../launch.ts'
import { connect } from '../supervisor/control-client.ts'
import { commandOf, processesWith } from '../supervisor/group.ts'
import { whyDown } from '../supervisor/messages.ts'
import { portHolder } from '../supervisor/ports.ts'
import { readSupervisorFile } from '../supervisor/state-file.ts'
import type { Check } from './check.ts'
import { says } from './messages.ts'
import type { Subject } from './subject.ts'

export function stackFile({ context, fault }: Subject): Check[] {
  if (context === undefined) return fault === undefined ? [] : [says.problem('stack', 'stack_file', fault)]
  // What `check` does: also faults that only resolving shows, such as an env_file that is not there.
  const { services } = newStack(context, {})
  return [says.stackGood(context.loaded.path, Object.keys(services).length)]
}

export async function run(subject: Subject): Promise<Check[]> {
  const { home, sockets, context, where } = subject
  const connection = await connect(join(sockets, 'control.sock'))
  if (connection.running) {
    const { supervisor, services } = connection.status
    const down = services.flatMap(service => {
      const why = service.state === 'done' ? undefined : whyDown(service)
      return why === undefined ? [] : [says.notReady(service.name, why)]
    })
    const ready = services.filter(({ state }) => state === 'ready').length
    const isOld = context !== undefined && (await isOutdated(context))
    return [says.running(supervisor, ready), ...down, ...(isOld ? [says.outdated(where)] : [])]
  }
  const file = await readSupervisorFile(home)
  if (file === undefined) return [says.notRunning()]
  if (isAlive(file.identity)) return [says.noAnswer(file.identity.pid, where)]
  const left = processesWith(`COURANTE_RUN=${file.run}`).map(pid => ({ pid, command: commandOf(pid) }))
  return [says.leftovers(left, where)]
}

/** Those of our own run are held by its processes, as they should be. */
export async function ports({ context, sockets }: Subject): Promise<Check[]> {
  if (context === undefined) return []
  const connection = await connect(join(sockets, 'control.sock'))
  const ours = new Set(
    connection.running ? processesWith(`COURANTE_RUN=${(await runningStack(context)).run}`) : [],
  )
  return await Promise.all(
    Object.entries(context.loaded.stack.services).flatMap(([name, { port }]) =>
      port === undefined
        ? []
        : [
            portHolder(port).then(holder => {
              if (holder === undefined) return says.portFree(name, port)
              if (holder !== 'unknown' && ours.has(holder.pid)) return says.portOurs(name, port)
              const who =
                holder === 'unknown' ? "another user's program" : `${holder.command} (pid ${holder.pid})`
              return says.portTaken(name, port, who)
            }),
          ],
    ),
  )
}

/** sockaddr_un: the path with a zero behind it has 108 bytes on Linux, 104 on a Mac. */
const mostBytes = process.platform === 'linux' ? 107 : 103

export function socketFolder({ sockets }: Subject): Check[] {
  const longest = Buffer.byteLength(join(sockets, 'control.sock'))
  if (longest > mostBytes) return [says.socketsLong(sockets, longest, mostBytes)]
  const stat = lstatSync(sockets, { throwIfNoEntry: false })
  const isOurs = stat === undefined || (stat.isDirectory() && stat.uid === process.getuid?.())
  return [isOurs ? says.sockets(sockets) : says.socketsForeign(sockets)]
}
