import type { QueueLoad, ServiceLoad } from '../../services/portal/queue-meter.ts'
import { duration } from '../console/units.ts'
import { words } from './messages.ts'
import { table } from './text.ts'

/** The page of `courante portal top`. On a terminal (`columns`, `rows`) it fits: columns fall away from the right. */
export function topLines(
  { services, users }: QueueLoad,
  shown: { now: number; spool?: string; columns?: number; rows?: number },
): string[] {
  const { now, spool, columns = Infinity, rows = Infinity } = shown
  const lines: string[] = []
  if (spool !== undefined) lines.push(`${words.queues(spool)}  ${words.quit}`, '')
  if (services.length === 0) lines.push(words.noQueues)
  else lines.push(...fitting([words.top.service, ...services.map(load => cells(load, now))], columns))
  if (users.length > 0) {
    const loads = users
      .slice(0, mostUsers)
      .map(load => [load.user, String(load.waiting), String(load.running)])
    lines.push('', ...fitting([words.top.user, ...loads], columns))
  }
  return lines.slice(0, rows).map(line => line.slice(0, columns))
}

const mostUsers = 10

function cells(load: ServiceLoad, now: number): string[] {
  const { answersPerSecond: answers, failed } = load
  return [
    load.service,
    String(load.waiting),
    load.oldest === undefined ? '-' : duration(Math.max(0, now - load.oldest)),
    String(load.running),
    workersCell(load),
    rate(answers.tenSeconds),
    rate(answers.minute),
    String(failed.tenSeconds),
    String(failed.minute),
  ]
}

function workersCell({ workers }: ServiceLoad): string {
  if (workers.length === 0) return words.top.noWorker
  const states = {
    working: words.top.beat,
    self: words.top.beat,
    silent: words.top.silent,
    dead: words.top.dead,
  }
  return workers.map(({ pid, holder, silentMs }) => states[holder](pid, duration(silentMs))).join(', ')
}

function rate(perSecond: number): string {
  return perSecond >= 100 ? String(Math.round(perSecond)) : perSecond.toFixed(1)
}

function fitting(rows: readonly (readonly string[])[], columns: number): string[] {
  for (let count = rows[0]?.length ?? 0; count > 1; count--) {
    const lines = table(rows.map(row => row.slice(0, count)))
    if (lines.every(line => line.length <= columns)) return lines
  }
  return table(rows.map(row => row.slice(0, 1)))
}
