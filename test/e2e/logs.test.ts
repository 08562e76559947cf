import assert from 'node:assert/strict'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { LogFile } from '../../runner/supervisor/log-file.ts'
import { courante } from '../support/courante.ts'
import { root } from '../support/our-stack.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'
import { Terminal } from '../support/terminal.ts'

const nine = Date.parse('2026-11-21T09:00:00Z')

/** A stack of three services, `core`, `web` and `db`, that does not run: its logs are written by the test. */
class Logs implements AsyncDisposable {
  readonly folder: string
  readonly file: string
  clock = nine
  readonly #remove: () => PromiseLike<void>
  readonly #maxFile: number
  readonly #logs = new Map<string, LogFile>()

  private constructor(folder: string, maxFile: number, remove: () => PromiseLike<void>) {
    this.#maxFile = maxFile
    this.folder = folder
    this.file = join(folder, 'stack.yaml')
    this.#remove = remove
  }

  static async make(maxFile = 100): Promise<Logs> {
    const folder = await tempDir()
    const logs = new Logs(folder.path, maxFile, () => folder[Symbol.asyncDispose]())
    await mkdir(logs.path, { recursive: true })
    const services = ['core', 'web', 'db'].map(name => `  ${name}: { command: x }\n`)
    await writeFile(logs.file, `name: x\nservices:\n${services.join('')}`)
    return logs
  }

  get path(): string {
    return join(this.folder, 'var/logs')
  }

  /** One second passes, then the service prints this. */
  print(service: string, text: string): void {
    this.clock += 1000
    this.#logOf(service).append(Buffer.from(text))
  }

  ask(...words: string[]) {
    return courante(['logs', ...words, '--stack', this.file], { TZ: 'UTC' })
  }

  spawn(...words: string[]): Spawned {
    return new Spawned('runner/main.ts', ['logs', ...words, '--stack', this.file], {})
  }

  follow(...words: string[]): Spawned {
    return this.spawn('-f', ...words)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const log of this.#logs.values()) log.close()
    await this.#remove()
  }

  #logOf(service: string): LogFile {
    const known = this.#logs.get(service)
    if (known !== undefined) return known
    const log = new LogFile({
      folder: this.path,
      service,
      limits: { maxFile: this.#maxFile, maxTotal: 1e9, maxAgeMs: 1e12 },
      now: () => this.clock,
      onTrouble: error => assert.fail(error),
      onAppend: () => undefined,
    })
    this.#logs.set(service, log)
    return log
  }
}

suite('logs', () => {
  test('several services are merged as they came; one alone needs no name; the last lines of each', async () => {
    await using logs = await Logs.make()
    logs.print('web', '\u001b[32mweb ready\u001b[0m\r\n')
    logs.print('core', 'core ready\r\n')
    logs.print('web', '10 %\r100 %\r\nGET /\r\n')
    logs.print('core', 'job\nunfinished')
    const all = await logs.ask()
    assert.equal(
      all.stdout,
      'web  | web ready\ncore | core ready\nweb  | 100 %\nweb  | GET /\ncore | job\ncore | unfinished',
    )
    assert.equal(all.exitCode, 0)
    assert.equal((await logs.ask('core')).stdout, 'core ready\njob\nunfinished')
    assert.equal((await logs.ask('-n', '1')).stdout, 'web  | GET /\ncore | unfinished')
    assert.equal((await logs.ask('-n', '0', 'core')).stdout, '')
    assert.equal((await logs.ask('db')).stdout, '', 'it has printed nothing yet')
  })

  test('a hundred lines are the rule, over segments and runs; all of them where a time is named', async () => {
    await using logs = await Logs.make()
    for (let at = 1; at <= 300; at += 1) logs.print('core', `line ${at}\n`)
    const lines = (await logs.ask('core')).stdout.split('\n')
    assert.deepEqual([lines.length, lines[0], lines.at(-1)], [100, 'line 201', 'line 300'])
    assert.equal((await logs.ask('core', '--since', '2026-11-21')).stdout.split('\n').length, 300)
    assert.equal(
      (await logs.ask('core', '--since', '2026-11-21T09:04:58', '--timestamps')).stdout,
      '2026-11-21T09:04:58.000 line 298\n2026-11-21T09:04:59.000 line 299\n2026-11-21T09:05:00.000 line 300',
    )
    assert.equal((await logs.ask('core', '--until', '2026-11-21T09:00:03')).stdout, 'line 1\nline 2')
    assert.equal((await logs.ask('core', '--since', '2020-01-01', '-n', '1')).stdout, 'line 300')
    assert.equal((await logs.ask('core', '--since', '1s')).stdout, '', 'the clock of the test is elsewhere')
  })

  test('the last lines that match, however far back they are', async () => {
    await using logs = await Logs.make()
    logs.print('core', 'ERROR one\n    at line 1\n')
    logs.print('core', '[warn] two\n')
    for (let at = 0; at < 50; at += 1) logs.print('core', 'INFO nothing\n'.repeat(60))
    logs.print('core', 'plain\n')
    assert.equal((await logs.ask('core', '--grep', '^\\[?(warn|ERROR)')).stdout, 'ERROR one\n[warn] two')
    assert.equal((await logs.ask('core', '--level', 'error')).stdout, 'ERROR one\n    at line 1')
    assert.equal((await logs.ask('core', '--level', 'warn', '-n', '1')).stdout, '[warn] two')
    assert.equal((await logs.ask('core', '--level', 'warn', '--grep', 'line')).stdout, '    at line 1')
    assert.equal((await logs.ask('core', '--level', 'info', '-n', '1')).stdout, 'plain')
  })

  test('--json: an object a line', async () => {
    await using logs = await Logs.make()
    logs.print('core', '\u001b[1m"core"\u001b[0m\r\n')
    logs.print('web', 'web\n')
    await rm(join(logs.path, 'web.index'))
    const { stdout } = await logs.ask('--json')
    assert.deepEqual(
      stdout.split('\n').map(line => JSON.parse(line) as unknown),
      [
        { service: 'web', time: null, text: 'web' },
        { service: 'core', time: '2026-11-21T09:00:01.000Z', text: '"core"' },
      ],
    )
  })

  test('-f goes on with whole lines, filtered, over rotations and new services, until it is ended', async () => {
    await using logs = await Logs.make()
    logs.print('core', 'before\nhalf')
    await using all = logs.follow('-n', '1')
    await using some = logs.follow('--grep', 'half|new')
    await all.saw(/core \| before/)
    logs.print('core', ' a line\n')
    await all.saw(/half a line/)
    logs.print('db', 'db is new\n')
    await all.saw(/db is new/)
    let expected = 'core | half a line\ndb   | db is new\n'
    for (let at = 1; at < 50; at += 1) {
      const service = at % 2 === 0 ? 'core' : 'web'
      logs.print(service, `new ${at}\n`)
      expected += `${service.padEnd(4)} | new ${at}\n`
      await all.saw(new RegExp(`new ${at}\n`))
      // Each must have it before the next comes: of the same tenth of a second the order is not known.
      await some.saw(new RegExp(`new ${at}\n`))
    }
    assert.equal(all.stdout, `core | before\n${expected}`)
    assert.equal(some.stdout, expected)
    some.child.kill('SIGINT')
    assert.equal(await some.ended(), 0)
  })

  test('a reader that has enough ends it', async () => {
    await using logs = await Logs.make(1e6)
    logs.print('core', 'line\n'.repeat(200_000))
    await using all = logs.spawn('core', '-n', '200000')
    await all.saw(/line/)
    all.child.stdout?.destroy()
    assert.equal(await all.ended(), 0)
  })

  test('on a terminal colours pass, and nothing that would clear the screen or move the cursor', async () => {
    await using logs = await Logs.make(1e6)
    logs.print('core', '\u001b[2J\u001b[3J\u001b[H\u001b[32mgreen\r\nplain\u001b[5A\u001b[1049h\n')
    const size = { columns: 100, rows: 20 }
    await using terminal = await Terminal.open({ ...size, cwd: logs.folder, env: { ...process.env } })
    const command = `${join(root, 'courante')} logs core --stack ${logs.file}`
    await terminal.type(`clear; echo bef''ore; ${command}; NO_COLOR=1 ${command}; echo and af''ter`)
    const screen = await terminal.shows(/^and after$/m)
    assert.match(screen, /^before\ngreen\nplain\ngreen\nplain\nand after$/m)
    assert.equal((await terminal.colouredScreen()).match(/\u001b\[32mgreen/g)?.length, 1)
  })

  test('a service that the stack has no more is still told of, if it is asked for', async () => {
    await using logs = await Logs.make()
    logs.print('gone', 'from another time\n')
    logs.print('core', 'core\n')
    assert.equal((await logs.ask('gone')).stdout, 'from another time')
    assert.equal((await logs.ask()).stdout, 'core | core')
    const stranger = await logs.ask('nobody')
    assert.equal(stranger.exitCode, 2)
    assert.match(stranger.stderr, /no service "nobody"[^]*core, web, db, gone/)
  })

  test('a log of a run that kept no times is shown all the same', async () => {
    await using logs = await Logs.make()
    await writeFile(join(logs.path, 'core.log'), 'old\nlines\n')
    assert.equal(
      (await logs.ask('core', '--timestamps')).stdout,
      `${'-'.padEnd(23)} old\n${'-'.padEnd(23)} lines`,
    )
    assert.equal(await readFile(join(logs.path, 'core.log'), 'utf8'), 'old\nlines\n')
  })

  const wrong: [words: string[], expected: RegExp][] = [
    [['--grep', '('], /--grep takes a regular expression, and "\(" is none \(unterminated group\)/],
    [
      ['--since', 'yesterday'],
      /--since takes a time or how long ago, not "yesterday"\.\n {2}→ Such as 30s, 10m/,
    ],
    [['--until', '25:00'], /--until takes a time/],
    [['--level', 'loud'], /--level takes error, warn, info, debug, not "loud"/],
    [['-n', 'many'], /-n takes a whole number, not "many"/],
    [['-n', '-1'], /-n/],
    [['-f', '--until', '1m'], /-f has no end/],
    [['--tail'], /Usage: courante logs \[-f\]/],
  ]
  for (const [words, expected] of wrong) {
    test(`${words.join(' ')}: what is wrong, exit code 2`, async () => {
      await using logs = await Logs.make()
      const result = await logs.ask(...words)
      assert.equal(result.exitCode, 2)
      assert.match(result.stderr, expected)
    })
  }
})
