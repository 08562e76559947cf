import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { socketDir } from '../../lib/socket-dir.ts'
import { connect } from '../../runner/supervisor/control-client.ts'
import type { Status } from '../../runner/supervisor/events.ts'
import { courante } from '../support/courante.ts'
import { freePort } from '../support/free-port.ts'
import { root } from '../support/our-stack.ts'
import { tempDir } from '../support/temp.ts'

/** A server that says who it is and where it listens; without a PORT it fails, as many programs do. */
const server = `
import { createServer } from 'node:http'
const [, , name, ...rest] = process.argv
const at = rest.indexOf('--port')
const port = Number(at < 0 ? process.env.PORT : rest[at + 1])
if (!(port > 0)) throw new Error(name + ' needs a PORT')
createServer((_, response) => response.end(name)).listen(port, '127.0.0.1', () => console.log(name, 'listens on', port))
`

const worker = `#!/bin/sh
echo "$1 works"
while :; do sleep 1; done
`

suite('init', () => {
  test('an unknown project with a Procfile and a package.json: all of its services start with no edit', async () => {
    await using folder = await tempDir()
    const base = await freeBase()
    const gateway = await freePort()
    await lay(folder.path, {
      'server.js': server,
      'worker.sh': worker,
      'ticker.js': "setInterval(() => console.log('tick'), 60_000); console.log('ticker works')",
      Procfile: [
        '# What a host would run.',
        'api: node server.js api --port $PORT',
        'web: node server.js web',
        '',
        'worker: sh worker.sh worker',
        'release: node migrate.js',
        'clock_2: exec sh worker.sh "clock $PORT"\r',
      ].join('\n'),
      'package.json': JSON.stringify({
        name: '@someone/Their Shop',
        type: 'module',
        scripts: {
          dev: 'run-p dev:*',
          'dev:ui': 'sh worker.sh ui',
          'dev:mail': `PORT=${gateway} node server.js mail`,
          'watch:css': 'sh worker.sh css',
          jobs: 'sh worker.sh jobs',
          'queue:start': 'sh worker.sh queue',
          ticker: 'node ticker.js',
          'dev:chat': 'node server.js chat',
          loop: "sh -c 'while :; do sleep 1; done'",
          build: 'node build.js',
          test: 'node --test',
          'test:watch': 'node --test --watch',
          prepare: 'husky',
        },
      }),
      '.env': `PORT=${base}\nGREETING=hello\n`,
    })
    const init = await courante(['init', folder.path])
    assert.equal(init.exitCode, 0, init.all)
    assert.match(init.stdout, /12 services/)

    const env = { XDG_RUNTIME_DIR: folder.path }
    const file = join(folder.path, 'stack.yaml')
    const up = courante(['up', '--stack', file, '--console', 'plain'], env)
    const status = await allReady(join(folder.path, 'var'), env)
    const down = await courante(['down', '--stack', file], env)
    assert.equal(down.exitCode, 0, down.all)
    const { stdout } = await up
    assert.deepEqual(
      status.services.map(service => [service.name, service.state, service.restarts]),
      ['api', 'web', 'worker', 'clock-2', 'ui', 'mail', 'css', 'jobs', 'queue', 'ticker', 'chat', 'loop'].map(
        name => [name, 'ready', 0],
      ),
    )
    for (const line of [
      `api listens on ${base}`,
      `web listens on ${base + 100}`,
      'worker works',
      `clock ${base + 400} works`,
      'ui works',
      `mail listens on ${gateway}`,
      'css works',
      'jobs works',
      'queue works',
      'ticker works',
      `chat listens on ${base + 300}`,
    ])
      // On a slow machine npm turns a spinner, whose last sign stays before what the program prints.
      assert.match(stdout, new RegExp(`\\| [\u2800-\u28ff]?${line}`), stdout)
  })

  test('the launcher takes the stack.yaml of the folder that it is called in, and says so; else the clone has its own', async () => {
    await using folder = await tempDir()
    const elsewhere = join(folder.path, 'elsewhere')
    await lay(folder.path, {
      Procfile: 'ends: sh worker.sh ends',
      'worker.sh': worker,
      'elsewhere/readme': '',
    })
    const env = { XDG_RUNTIME_DIR: folder.path }
    const here = (cwd: string, ...words: string[]) =>
      execa(join(root, 'courante'), words, { cwd, env, reject: false, all: true, stdin: 'ignore' })
    assert.equal((await here(folder.path, 'init')).exitCode, 0)
    const up = here(folder.path, 'up', '--console', 'plain')
    await allReady(join(folder.path, 'var'), env)
    assert.match((await here(folder.path, 'down')).stdout, /Stopped ends/)
    assert.match((await up).stdout, /^stack: .*\/stack\.yaml$/m)
    assert.match((await here(elsewhere, 'status')).stderr, new RegExp(`nothing is running in ${root}/var`))
  })

  test('a file that is there stays as it is without --force; --print writes nothing', async () => {
    await using folder = await tempDir()
    await lay(folder.path, { Procfile: 'web: ./serve\n', 'stack.yaml': '# mine\n' })
    const refused = await courante(['init', folder.path])
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /stack\.yaml is there already[^]*--print[^]*--force/)
    const printed = await courante(['init', folder.path, '--print'])
    assert.equal(printed.exitCode, 0)
    assert.match(printed.stdout, /^ {2}web:\n {4}command: \.\/serve$/m)
    assert.equal(await readFile(join(folder.path, 'stack.yaml'), 'utf8'), '# mine\n')
    assert.equal((await courante(['init', folder.path, '--force'])).exitCode, 0)
    assert.equal(`${printed.stdout}\n`, await readFile(join(folder.path, 'stack.yaml'), 'utf8'))
  })

  test('--stack writes elsewhere, with paths that lead back', async () => {
    await using folder = await tempDir()
    await lay(folder.path, {
      'project/package.json': '{"workspaces":["apps/*"]}',
      'project/apps/site/package.json': '{"scripts":{"start":"x"}}',
      'project/.env': '',
      'elsewhere/readme': '',
    })
    const file = join(folder.path, 'elsewhere/shop.yaml')
    const init = await courante(['init', join(folder.path, 'project'), '--stack', file])
    assert.equal(init.exitCode, 0, init.all)
    const text = await readFile(file, 'utf8')
    assert.match(text, /cwd: \.\.\/project\/apps\/site\n {4}env_file: \.\.\/project\/\.env/)
  })

  for (const [name, files, words] of [
    ['nothing to start', { 'readme.md': '' }, /tells how it is started\.[^]*Looked for: Procfile/],
    [
      'a Procfile line without a name',
      { Procfile: 'web: x\njust words\n' },
      /Procfile:2: this is not "name: command"/,
    ],
    [
      'a Procfile name that stands there twice',
      { Procfile: 'web: x\nweb: y\n' },
      /Procfile:2: this name stands here twice/,
    ],
    [
      'a broken package.json',
      { 'package.json': '{\n  "name": "x"\n  "scripts": {}\n}' },
      /package\.json:3: this is not JSON/,
    ],
    [
      'a package.json that ends too early',
      { 'package.json': '{\n "a": 1,' },
      /package\.json:2: this is not JSON/,
    ],
    [
      'a script that is no text',
      { 'package.json': '{"scripts":\n{"dev": 3}}' },
      /package\.json:2: scripts\.dev /,
    ],
  ] as const) {
    test(`${name}: words, exit code 1, nothing written`, async () => {
      await using folder = await tempDir()
      await lay(folder.path, files)
      const init = await courante(['init', folder.path])
      assert.equal(init.exitCode, 1, init.all)
      assert.match(init.stderr, words)
      await assert.rejects(readFile(join(folder.path, 'stack.yaml')), { code: 'ENOENT' })
    })
  }

  test('a folder that is not there is wrong use', async () => {
    const init = await courante(['init', '/nowhere/at/all'])
    assert.equal(init.exitCode, 2)
    assert.match(init.stderr, /there is no folder \/nowhere\/at\/all/)
  })
})

async function lay(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

/** A port to count from as foreman does: it and the next one are free. */
async function freeBase(): Promise<number> {
  for (;;) {
    const base = await freePort()
    if (base + 500 > 65_535) continue
    const next = createServer()
    try {
      await once(next.listen(base + 100, '127.0.0.1'), 'listening')
      next.close()
      await once(next, 'close')
      return base
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}

async function allReady(home: string, env: Record<string, string>): Promise<Status> {
  for (const end = Date.now() + 60_000; ; await delay(20)) {
    const connection = await connect(join(socketDir(home, env), 'control.sock'), 60_000)
    assert.ok(connection.running)
    if (connection.status.ready || Date.now() > end) return connection.status
  }
}
