import { PortalClient } from '../../services/portal/client.ts'
import type { Durability } from '../../services/portal/disk.ts'
import { Server } from './server.ts'
import type { Subject } from './subject.ts'

export function ours(durability: Durability): Subject {
  return {
    name: durability === 'rename' ? 'us' : 'us-fsync',
    how: `our client and worker with all of the protocol's safety, \`durability: ${durability}\``,
    async open(folder) {
      const worker = await Server.start('ours', [folder, durability], { UV_THREADPOOL_SIZE: '16' })
      const client = new PortalClient({ spool: folder, service: 'double', user: 'me', durability })
      let value = 0
      return {
        async ask() {
          const sent = ++value
          const job = await client.submit({ value: sent })
          const result = await job.wait()
          if (!result.ok || result['double'] !== sent * 2)
            throw new Error(`a wrong answer: ${JSON.stringify(result)}`)
        },
        async close() {
          client[Symbol.dispose]()
          await worker.end()
        },
      }
    },
  }
}
