import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createServer as createSocketServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify } from '../../lib/process-identity.ts'
import { tempDir } from '../../test/support/temp.ts'
import { SupervisorLink } from './supervisor-link.ts'

test('two who ask first, at the same time, leave no connection behind', { timeout: 3000 }, async () => {
  await using home = await tempDir()
  await mkdir(join(home.path, 'run'))
  const facts = { identity: identify(process.pid), sockets: home.path }
  await writeFile(join(home.path, 'run/supervisor.json'), JSON.stringify(facts))
  const web = createServer((_request, response) =>
    response.end(JSON.stringify({ stack: 'x', uptimeMs: 1, ready: true, services: [] })),
  )
  web.keepAliveTimeout = 60_000
  // Not the web server itself, which would close them.
  const server = createSocketServer(socket => web.emit('connection', socket))
  server.listen(join(home.path, 'control.sock'))
  await once(server, 'listening')
  const link = new SupervisorLink(home.path)
  const seen = await Promise.all([link.status(), link.status()])
  assert.deepEqual(
    seen.map(status => status?.stack),
    ['x', 'x'],
  )
  await link.close()
  server.close()
  await once(server, 'close')
})
