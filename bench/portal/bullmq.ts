import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { install } from '../shared/install.ts'
import { Server } from './server.ts'
import type { Asker, Subject } from './subject.ts'

interface Data {
  readonly value: number
}
interface Events {
  waitUntilReady(): Promise<unknown>
  close(): Promise<void>
}
interface Queue extends Events {
  setMaxListeners(count: number): void
  add(
    name: string,
    data: Data,
    options: object,
  ): Promise<{ waitUntilFinished(events: Events): Promise<{ double: number }> }>
}

/** What is used of BullMQ, which is no dependency of ours. */
export interface BullMq {
  readonly Queue: new (name: string, options: object) => Queue
  readonly QueueEvents: new (name: string, options: object) => Events
  readonly Worker: new (
    name: string,
    work: (job: { data: Data }) => Promise<unknown>,
    options: object,
  ) => Events
}

const version = '6.7.0'
const ioredis = '6.0.0'

/** With `persistent`, redis-server syncs its log at each write, so that an accepted job survives the loss of power. */
export function bullmq(persistent: boolean): Subject {
  return {
    name: persistent ? 'bullmq-fsync' : 'bullmq',
    how: `BullMQ ${version} with ioredis ${ioredis} on Debian's redis-server, ${
      persistent ? '`appendfsync always`' : 'which keeps everything in memory'
    }; \`waitUntilFinished\``,
    open: folder => open(folder, persistent),
  }
}

async function open(folder: string, persistent: boolean): Promise<Asker> {
  const packages = await install('bullmq', version, { beside: { ioredis } })
  const port = await freePort()
  const keeping = persistent ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']
  const redis = await Server.run(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...keeping],
    /Ready to accept connections/,
  )
  const worker = await Server.start('bullmq', [packages, String(port)])
  const { Queue, QueueEvents } = createRequire(join(packages, 'x.js'))('bullmq') as BullMq
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null }
  const queue = new Queue('double', { connection })
  // It adds a listener for each job in flight.
  queue.setMaxListeners(0)
  const events = new QueueEvents('double', { connection })
  await queue.waitUntilReady()
  await events.waitUntilReady()
  let value = 0
  return {
    async ask() {
      const sent = ++value
      // Removed at once, it would be missed by those who begin to wait a moment later.
      const kept = { removeOnComplete: 1000, removeOnFail: true }
      const job = await queue.add('double', { value: sent }, kept)
      if ((await job.waitUntilFinished(events)).double !== sent * 2) throw new Error('a wrong answer')
    },
    async close() {
      await queue.close()
      await events.close()
      await worker.end()
      await redis.end()
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
