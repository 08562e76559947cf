import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { request } from 'undici'
import { z } from 'zod'
import { tempDir } from '../../../test/support/temp.ts'
import { EngineError } from '../../core/engine.ts'
import { ChildServer, type ChildServerOptions } from './child-server.ts'

const answering = (body: string): string => `require('http').createServer((_, r) => r.end('${body}'))`
const script = (code: string, ...args: (string | number)[]): string[] => [
  '-e',
  code,
  '--',
  ...args.map(String),
]
const listens = `${answering('ok')}.listen(process.argv[1])`
const onPort = (code: string): Pick<Extract<ChildServerOptions, { listen?: 'port' }>, 'args'> => ({
  args: port => script(code, port),
})
const common = {
  program: process.execPath,
  env: process.env,
  isReady: async (...[url, signal, dispatcher]: Parameters<ChildServerOptions['isReady']>) => {
    const { body } = await request(url, { signal, dispatcher })
    return (await body.text()) === 'ok'
  },
}

test('a stranger on its port is asked nothing, and it is started again on another', async () => {
  let asked = 0
  let stranger: Server | undefined
  const ports: number[] = []
  const server = await ChildServer.start({
    ...common,
    args: port => {
      ports.push(port)
      // As fast as another program can be.
      stranger ??= createServer((_, response) => response.end(`ok ${++asked}`)).listen(port, '127.0.0.1')
      return script(`${answering('ok')}.listen(process.argv[1], '127.0.0.1')`, port)
    },
  })
  equal(ports.length, 2)
  equal(server.url, `http://127.0.0.1:${ports[1]}`)
  // Elsewhere nobody tells whose a port is; the child that can't have it ends.
  if (process.platform === 'linux') equal(asked, 0)
  await server.stop()
  stranger?.close()
})

test('a program that ends by itself is a bad model, with its last words', async () => {
  const failed = await failure({ ...common, ...onPort(`console.error('no such tensor'); process.exit(3)`) })
  ok(failed.reason === 'bad_model')
  match(failed.detail, /exit code 3: no such tensor/)
})

test('a program that answers in another way is told, and ended', async () => {
  await using dir = await tempDir()
  const file = join(dir.path, 'pid')
  const code = `require('fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)); ${listens}`
  const shape = z.object({ n_ctx: z.number() })
  const isReady: ChildServerOptions['isReady'] = async (url, signal, dispatcher) => {
    const { body } = await request(url, { signal, dispatcher })
    shape.parse({ answer: await body.text() })
    return true
  }
  const failed = await failure({ ...common, ...onPort(code), isReady })
  ok(failed.reason === 'bad_settings')
  match(failed.detail, /^program: .* answers in another way/)
  throws(() => process.kill(Number(readFileSync(file, 'utf8')), 0), { code: 'ESRCH' })
})

test('a bug in the look is thrown, and not asked again for ever', async () => {
  const isReady = (): Promise<boolean> => Promise.reject(new RangeError('a bug'))
  await rejects(ChildServer.start({ ...common, ...onPort(listens), isReady }), /a bug/)
})

test('a look that nobody answers is followed by the next', async () => {
  const code = `let asked = 0
    require('http').createServer((_, r) => asked++ > 0 && r.end('ok')).listen(process.argv[1])`
  const server = await ChildServer.start({ ...common, ...onPort(code) })
  await server.stop()
})

test('a socket is in a folder that is closed to others, and gone with its server', async () => {
  await using dir = await tempDir()
  const env = { ...process.env, XDG_RUNTIME_DIR: dir.path }
  const server = await ChildServer.start({
    ...common,
    env,
    listen: 'socket',
    args: path => script(listens, path),
  })
  const { socketPath = '' } = server
  ok(statSync(socketPath).isSocket())
  equal(statSync(dirname(socketPath)).mode & 0o777, 0o700)
  await server.stop()
  await server.died
  equal(existsSync(socketPath), false)
})

test('sockets of engines that were killed are swept; it works in no folder of ours', async () => {
  await using dir = await tempDir()
  const env = { ...process.env, XDG_RUNTIME_DIR: dir.path }
  const start = (): Promise<ChildServer> =>
    ChildServer.start({
      ...common,
      env,
      listen: 'socket',
      args: path => script(`console.log(process.cwd()); ${listens}`, path),
    })
  const first = await start()
  const folder = dirname(first.socketPath ?? '')
  // Greater than any that Linux gives.
  writeFileSync(join(folder, '4194305-1.sock'), '')
  const second = await start()
  deepEqual(
    readdirSync(folder).filter(name => name.startsWith('4194305')),
    [],
  )
  ok(existsSync(first.socketPath ?? ''))
  equal(second.lastWords, folder)
  for (const server of [first, second]) await server.stop()
})

async function failure(options: ChildServerOptions) {
  const error = await ChildServer.start(options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  ok(error instanceof EngineError, String(error))
  return error.failure
}
