import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'node:test'
import { PortalClient } from '../../services/portal/client.ts'
import type { Durability } from '../../services/portal/disk.ts'
import { type Carried, transportContract } from '../support/transport-contract.ts'
import type { ClientTransport } from '../../services/portal/transport.ts'
import { root } from '../support/our-stack.ts'
import { PythonClient } from '../support/python-client.ts'
import { tempDir } from '../support/temp.ts'

const python = process.env['COURANTE_TEST_PYTHON'] ?? 'python3'
const programs = join(root, 'test/support/programs')
const env = { ...process.env, PYTHONPATH: join(root, 'services/python'), PYTHONDONTWRITEBYTECODE: '1' }
const skip = havePython() ? false : 'there is no Python >= 3.9'
const service = 'words'

const ours = (durability: Durability) => [process.execPath, join(programs, 'contract-worker.ts'), durability]
const inPython = [python, join(programs, 'contract_worker.py')]
const ourClient = (durability: Durability) => (spool: string) =>
  Promise.resolve(new PortalClient({ spool, service, user: 'me', durability }))

for (const durability of ['rename', 'fsync'] as const)
  suite(`files, ours, ${durability}`, { concurrency: false }, () =>
    transportContract(() => carried(ourClient(durability), ours(durability))),
  )
suite('files, our client and a worker in Python', { skip, concurrency: false }, () =>
  transportContract(() => carried(ourClient('rename'), inPython)),
)
suite('files, a client in Python and our worker', { skip, concurrency: false }, () =>
  transportContract(() => carried(spool => PythonClient.start(python, env, spool, service), ours('rename'))),
)

async function carried(
  connect: (spool: string) => Promise<ClientTransport>,
  [program = '', script = '', ...more]: readonly string[],
): Promise<Carried> {
  const dir = await tempDir()
  const spool = join(dir.path, 'portals')
  const client = await connect(spool)
  let worker: ChildProcess | undefined
  const run = () =>
    spawn(program, [script, spool, service, ...more], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const end = async (signal: NodeJS.Signals) => {
    if (worker === undefined) return
    const ended = once(worker, 'close')
    worker.kill(signal)
    await ended
    worker = undefined
  }
  return {
    client,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async start() {
      worker = run()
      await said(worker, 'ready')
    },
    async second() {
      const other = run()
      const text = await said(other, 'served by')
      other.kill('SIGKILL')
      return text
    },
    async left() {
      client[Symbol.dispose]()
      const entries = await readdir(join(spool, service), { recursive: true, withFileTypes: true })
      const files = entries
        .filter(entry => !entry.isDirectory())
        .map(({ parentPath, name }) => join(parentPath, name))
      return files.filter(path => !/\/\.seen\/|\/heartbeat$/.test(path))
    },
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
      client[Symbol.dispose]()
      await dir[Symbol.asyncDispose]()
    },
  }
}

/** All that it says until its end, or until `word`. */
async function said(child: ChildProcess, word: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (more: string) => {
      text += more
      if (word !== '' && text.includes(word)) resolve(text)
    })
  child.once('close', () => resolve(text))
  const found = await promise
  if (!found.includes(word)) throw new Error(`it ended and said: ${found}`)
  return found
}

function havePython(): boolean {
  try {
    execFileSync(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
