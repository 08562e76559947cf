// portal-step ROLE SPOOL: a client or worker of the portal `echo`, killed before its STOP_AT-th change of the file system
import { beforeChanges } from './fs-changes.ts'

const stopAt = Number(process.env['STOP_AT'] ?? 0)
let changes = 0

// The next change is where the process ends: SIGKILL, so that nothing can be tidied up.
beforeChanges((what, path) => {
  changes++
  if (stopAt === 0) return
  if (changes === stopAt) process.kill(process.pid, 'SIGKILL')
  process.stderr.write(`${changes} ${what} ${path}\n`)
})

// Only now, so that all of the protocol goes through the counting.
const { PortalClient } = await import('../../services/portal/client.ts')
const { echoWorker } = await import('./portal-echo.ts')

const [role, spool = ''] = process.argv.slice(2)
if (role === 'worker') {
  const { promise: answered, resolve } = Promise.withResolvers<void>()
  const worker = echoWorker(spool, () => resolve())
  await worker.start()
  await answered
  await worker.stop()
} else {
  using client = new PortalClient({ spool, service: 'echo', user: 'me' })
  const job = await client.submit(
    { value: 7 },
    { id: 'mine', files: [{ name: 'a.txt', from: import.meta.filename }] },
  )
  await job.wait()
}
