import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { makeUserFolders, userFolders } from '../../services/portal/layout.ts'
import { median } from './measure.ts'
import { Server } from './server.ts'

/** Fsyncs in one second. */
export async function syncsOf(folder: string): Promise<number> {
  const server = await Server.start('syncs', [folder])
  await server.end()
  return Number(server.said)
}

/** µs a job, of the first 5,000 at most, by how many wait. Few are repeated often. */
export async function costsOfWaiting(folder: string, counts: readonly number[]): Promise<number[]> {
  const costs: number[] = []
  for (const count of counts) {
    const each: number[] = []
    for (let run = 0; run < (count < 1000 ? 7 : 3); run++) {
      const spool = join(folder, `waiting-${count}-${run}`)
      await mkdir(spool)
      const server = await Server.start('waiting', [spool, String(count)])
      each.push(Number(server.said))
      await server.end()
    }
    costs.push(median(each))
  }
  return costs
}

const idleSeconds = 20

/** Percent of a core that a worker with 20 users and nothing to do takes. */
export async function idleOf(folder: string): Promise<number> {
  for (let i = 0; i < 20; i++) makeUserFolders(userFolders(folder, 'double', `user${i}`))
  const server = await Server.start('ours', [folder, 'rename'])
  await delay(3000)
  const before = cpuMs(server.process.pid ?? 0)
  await delay(idleSeconds * 1000)
  const ms = cpuMs(server.process.pid ?? 0) - before
  await server.end()
  return ms / idleSeconds / 10
}

/** proc(5): fields 14 and 15 of stat, in ticks of 10 ms; schedstat has ns, which a short look needs. */
function cpuMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
}
