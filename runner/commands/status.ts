import { styleText } from 'node:util'
import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { duration } from '../console/units.ts'
import { stateSigns } from '../console/view.ts'
import { parseOptions, whereOptions } from '../options.ts'
import { connectOrFail, knownRun } from '../run-context.ts'
import type { ServiceStatus, Status } from '../supervisor/events.ts'
import { whyDown } from '../supervisor/messages.ts'

/** Exit code 0 when all services are ready, 1 when one is not, 4 when nothing is running. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseOptions('status', {
    args: [...argv],
    options: { ...whereOptions, json: { type: 'boolean' } },
  })
  const client = await connectOrFail(await knownRun(values, io), values)
  const status = await client.status()
  io.stdout.write(values.json === true ? `${JSON.stringify(status, null, 2)}\n` : table(status, io))
  return status.ready ? exit.ok : exit.failed
}

function table(status: Status, io: Io): string {
  const colours = io.stdout.isTTY === true && io.env['NO_COLOR'] === undefined
  const rows = status.services.map(service => cells(service))
  const header = ['service', 'state', 'pid', 'port', 'up', 'restarts', '']
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map(row => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  const lines = [
    `${status.stack}, supervisor ${status.supervisor}, up ${duration(status.uptimeMs)}`,
    `  ${line(header)}`,
    ...status.services.map((service, index) => {
      const { sign, colour } = stateSigns[service.state]
      return `${colours ? styleText(colour, sign) : sign} ${line(rows[index] ?? [])}`
    }),
  ]
  return `${lines.join('\n')}\n`
}

function cells(service: ServiceStatus): string[] {
  return [
    service.name,
    service.state === 'idle' ? 'stopped' : service.state,
    service.pid?.toString() ?? '-',
    service.port?.toString() ?? '-',
    service.uptimeMs === undefined ? '-' : duration(service.uptimeMs),
    String(service.restarts),
    service.state === 'done' ? '' : (whyDown(service) ?? ''),
  ]
}
