// waiting SPOOL COUNT: submits so many, then serves them; says how many µs each of the first took, after the first look around
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { newId } from '../../../services/portal/ids.ts'
import { makeUserFolders, userFolders } from '../../../services/portal/layout.ts'
import { PortalWorker } from '../../../services/portal/worker.ts'

const [spool = '', count = ''] = process.argv.slice(2)
const waiting = Number(count)
const measured = Math.min(waiting, 5000)
const folders = userFolders(spool, 'double', 'me')
makeUserFolders(folders)
for (let i = 0; i < waiting; i++) {
  const id = newId()
  mkdirSync(`${folders.prep}/${id}`)
  writeFileSync(`${folders.prep}/${id}/request.json`, JSON.stringify({ value: i }))
  renameSync(`${folders.prep}/${id}`, `${folders.todo}/${id}~1`)
}
let served = 0
let began = 0
const worker = new PortalWorker({
  spool,
  service: 'double',
  schema: z.looseObject({ value: z.number() }),
  handle: async job => {
    if (began === 0) began = performance.now()
    if (++served === measured) {
      const each = ((performance.now() - began) * 1000) / measured
      process.stdout.write(`${each}\n`, () => process.exit(0))
    }
    return await Promise.resolve({ type: 'done', body: { double: job.request.value * 2 } })
  },
  log: () => undefined,
})
await worker.start()
