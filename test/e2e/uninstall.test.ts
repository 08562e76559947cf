// Longer than others: one command that deletes, and each thing that it must not, on stacks that are made once.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import {
  chmod,
  copyFile,
  cp,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { execa } from 'execa'
import { identify } from '../../lib/process-identity.ts'
import { socketDir } from '../../lib/socket-dir.ts'
import { trackedFiles } from '../../runner/uninstall/tracked.ts'
import { root } from '../support/our-stack.ts'
import { SmallStack } from '../support/small-stack.ts'
import { type TempDir, tempDir } from '../support/temp.ts'
import { Terminal } from '../support/terminal.ts'

const node = join('.runtime/node_modules', `node-${process.platform}-${process.arch}`, 'bin/node')

/** This checkout as it is now, committed, with small stand-ins for what was installed and written; its Node is real. */
class Clone implements AsyncDisposable {
  readonly path: string
  readonly #folder: TempDir

  private constructor(folder: TempDir) {
    this.#folder = folder
    this.path = join(folder.path, 'clone')
  }

  /** `whole`: with all that git has, and not only what the command runs on. */
  static async make({ whole = false } = {}): Promise<Clone> {
    const clone = new Clone(await tempDir())
    const some = [
      '.gitignore',
      'stack.yaml',
      'package.json',
      'lib',
      'runner',
      'models',
      'services/portal',
      'web/index.html',
    ]
    const args = ['ls-files', '-z', '-co', '--exclude-standard', ...(whole ? [] : ['--', ...some])]
    const { stdout } = await execa('git', args, { cwd: root })
    const files = stdout.split('\0').filter(name => name !== '' && existsSync(join(root, name)))
    for (const folder of new Set(files.map(dirname))) await mkdir(clone.at(folder), { recursive: true })
    for (const file of files) await copyFile(join(root, file), clone.at(file))
    await clone.git('init', '-q')
    await clone.git('add', '-A')
    await clone.git('-c', 'user.name=t', '-c', 'user.email=t@localhost', 'commit', '-q', '-m', 'all')
    for (const name of ['yaml', 'zod'])
      await cp(join(root, 'node_modules', name), clone.at('node_modules', name), {
        recursive: true,
        filter: path => !/\.(ts|cts|mts|map|cjs|md)$|\/src$/.test(path),
      })
    await mkdir(dirname(clone.at(node)), { recursive: true })
    await giveNode(clone.at(node))
    await clone.write({
      '.runtime/ready': 'x\n',
      '.runtime/compile-cache/v24/a': 'cache',
      '.runtime/gpu/vulkan/lib.so': 'gpu',
      'node_modules/.bin/tool': 'x',
      'services/engines/node_modules/native/lib.so': 'native',
      'models/files/silero-vad/silero_vad_v5.onnx': 'model',
      'models/files/moonshine-tiny/tokens.bin': 'model',
      'models/files/.partial/00ff.partial': 'half',
      'models/files/lock.json': '{"schema":1,"models":{}}',
      'models/files/mine/own.gguf': 'my own',
      'venv/pyvenv.cfg': 'version = 3.12.1\n',
      'venv/bin/python': '',
      'web/dist/index.html': '<p>',
      'services/python/__pycache__/a.pyc': 'x',
      'var/logs/core.log': 'a line\n',
      'var/run/stack.json': JSON.stringify({ home: clone.at('var') }),
      'var/portals/stt/somebody/todo/1~1/request.json': '{}',
      'var/transcript.log': 'what was said\n',
      'var/models.yaml': 'schema: 1\n',
      'var/rooms/kitchen.bb': 'ann:\thi\n\n',
      'var/uploads/00ff': 'a picture',
      'var/state.db': 'accounts',
      'var/state.db-wal': '',
      'var/search.db': 'made anew from the rooms',
      'stack.local.yaml': '{}\n',
    })
    await mkdir(clone.sockets, { recursive: true, mode: 0o700 })
    return clone
  }

  get env(): Record<string, string> {
    // As setup.sh sets it: Node writes there once more when it ends.
    return {
      XDG_RUNTIME_DIR: join(this.#folder.path, 'run'),
      NODE_COMPILE_CACHE: this.at('.runtime/compile-cache'),
    }
  }

  get sockets(): string {
    return socketDir(this.at('var'), this.env)
  }

  at(...path: string[]): string {
    return join(this.path, ...path)
  }

  async write(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(this.at(path)), { recursive: true })
      await writeFile(this.at(path), text)
    }
  }

  async git(...words: string[]): Promise<string> {
    return (await execa('git', words, { cwd: this.path })).stdout
  }

  /** `courante uninstall …` on the clone's own Node, or on another one where that is gone. */
  uninstall(...words: string[]) {
    return this.uninstallIn({}, ...words)
  }

  uninstallIn(env: Record<string, string>, ...words: string[]) {
    const own = existsSync(this.at(node)) ? this.at(node) : process.execPath
    return execa(own, [this.at('runner/main.ts'), 'uninstall', ...words], {
      cwd: this.path,
      env: { ...this.env, ...env },
      reject: false,
      stdin: 'ignore',
    })
  }

  /** With --purge, and a signal to itself before the removal of so many files and folders and one more. */
  uninstallUntil(removals: number, signal: NodeJS.Signals) {
    const own = existsSync(this.at(node)) ? this.at(node) : process.execPath
    const hook = `data:text/javascript,${encodeURIComponent(hookText(removals, signal))}`
    const args = ['--import', hook, this.at('runner/main.ts'), 'uninstall', '--purge', '--yes']
    return execa(own, args, { cwd: this.path, env: this.env, reject: false, stdin: 'ignore' })
  }

  /** Everything but git's own folder and what any start of Node caches, by name. */
  async names(): Promise<string[]> {
    const all = await readdir(this.path, { recursive: true })
    return all.filter(name => !/^(\.git|\.runtime\/compile-cache)(\/|$)/.test(name)).sort()
  }

  async ignored(): Promise<string> {
    return await this.git('status', '--porcelain', '--ignored')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]()
  }
}

function hookText(removals: number, signal: NodeJS.Signals): string {
  return `
    import fs from 'node:fs'
    import { syncBuiltinESMExports } from 'node:module'
    let left = ${removals}
    for (const name of ['unlinkSync', 'rmdirSync', 'renameSync']) {
      const real = fs[name]
      fs[name] = (...args) => {
        if (left-- === 0) process.kill(process.pid, '${signal}')
        return real(...args)
      }
    }
    syncBuiltinESMExports()
  `
}

/** A link, where the disk is the same: to remove one takes nothing from the other. */
async function giveNode(path: string): Promise<void> {
  try {
    await link(process.execPath, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    await copyFile(process.execPath, path)
  }
}

interface Answer {
  readonly items: readonly { group: string; path: string; bytes: number; files: number; outside: boolean }[]
  readonly kept: readonly { path: string; why: string }[]
  readonly removed: boolean
}

function paths(list: readonly { path: string }[], clone: { path: string }): string[] {
  return list.map(({ path }) => path.replace(`${clone.path}/`, ''))
}

suite('courante uninstall in a clone', { concurrency: 4 }, () => {
  test('--purge leaves what git has and nothing else, also of the Node that it runs on', async () => {
    await using clone = await Clone.make({ whole: true })
    const { exitCode, stdout, stderr } = await clone.uninstall('--purge', '--yes')
    assert.equal(exitCode, 0, stdout + stderr)
    assert.equal(await clone.ignored(), '')
    assert.ok(!existsSync(clone.sockets))
    assert.match(stdout, /Removed .+ in .+ files\.\nWhat is left is the clone itself/)
  })

  test('without --purge rooms, transcripts, settings, own models and waiting jobs stay', async () => {
    await using clone = await Clone.make()
    const { exitCode, stdout } = await clone.uninstall('--yes', '--json')
    assert.equal(exitCode, 0)
    const answer = JSON.parse(stdout) as Answer
    assert.equal(answer.removed, true)
    assert.deepEqual((await clone.ignored()).split('\n').sort(), [
      '!! models/files/',
      '!! stack.local.yaml',
      '!! var/',
    ])
    const stays = ['models.yaml', 'portals', 'rooms', 'state.db', 'state.db-wal', 'transcript.log', 'uploads']
    assert.deepEqual((await readdir(clone.at('var'))).sort(), stays)
    assert.deepEqual(await readdir(clone.at('models/files')), ['mine'])
    assert.deepEqual(
      paths(answer.kept, clone).sort(),
      ['models/files/mine', 'stack.local.yaml', ...stays.map(name => `var/${name}`)].sort(),
    )
  })

  test('the list names each tree, with the bytes that it takes of the disk, hard links once', async () => {
    await using clone = await Clone.make()
    await clone.write({ 'node_modules/big/a.bin': 'x'.repeat(1e6) })
    await link(clone.at('node_modules/big/a.bin'), clone.at('node_modules/big/b.bin'))
    const { exitCode, stdout } = await clone.uninstall('--dry-run', '--json', '--purge')
    assert.equal(exitCode, 0)
    const { items } = JSON.parse(stdout) as Answer
    const du = await execa('du', ['-s', '--block-size=1', clone.at('node_modules')])
    const measured = items.find(({ path }) => path === clone.at('node_modules'))
    assert.equal(measured?.bytes, Number(du.stdout.split('\t')[0]))
    const listed = await clone.uninstall('--dry-run', '--purge')
    for (const { path } of items) assert.ok(listed.stdout.includes(path.replace(`${clone.path}/`, '')), path)
  })

  test('nobody to ask: the list and exit code 2, and CI is no yes; a no: exit code 3; both change nothing', async () => {
    await using clone = await Clone.make()
    const before = await clone.names()
    const { exitCode, stdout, stderr } = await execa(
      clone.at(node),
      [clone.at('runner/main.ts'), 'uninstall'],
      { cwd: clone.path, env: { ...clone.env, CI: 'true' }, reject: false, stdin: 'ignore' },
    )
    assert.equal(exitCode, 2)
    assert.match(stdout, /node_modules/)
    assert.match(stderr, /--yes/)
    await using terminal = await Terminal.open({ columns: 100, rows: 60, cwd: clone.path, env: clone.env })
    for (const answer of ['n', '']) {
      await terminal.type(`clear; ${clone.at(node)} runner/main.ts uninstall; echo ended with $?`)
      await terminal.shows(/Remove this\? \[y\/N\]/)
      await terminal.type(answer)
      await terminal.shows(/nothing was removed[^]*ended with 3/)
    }
    await terminal.type(`clear; ${clone.at(node)} runner/main.ts uninstall; echo ended with $?`)
    await terminal.shows(/Remove this\? \[y\/N\]/)
    await terminal.press('C-c')
    await terminal.shows(/ended with 130/)
    assert.deepEqual(await clone.names(), before)
  })

  test('killed again and again, after every few files, it comes to the same end', async () => {
    await using clone = await Clone.make()
    let kills = 0
    for (;;) {
      const { signal, exitCode, stderr } = await clone.uninstallUntil(50, 'SIGKILL')
      assert.doesNotMatch(await clone.ignored(), /^[^!]/m)
      if (signal === undefined) {
        assert.equal(exitCode, 0, stderr)
        break
      }
      assert.equal(signal, 'SIGKILL')
      kills++
    }
    assert.ok(kills > 3, `${kills} kills`)
    assert.equal(await clone.ignored(), '')
  })

  test('Ctrl-C in the middle ends it with 130, and the same command goes on', async () => {
    await using clone = await Clone.make()
    const { exitCode, stderr } = await clone.uninstallUntil(20, 'SIGINT')
    assert.equal(exitCode, 130)
    assert.match(stderr, /The same command goes on/)
    assert.notEqual(await clone.ignored(), '')
    const again = await clone.uninstall('--purge', '--yes')
    assert.equal(again.exitCode, 0, again.stderr)
    assert.equal(await clone.ignored(), '')
  })

  test('a link goes, and what it leads to stays', async () => {
    await using clone = await Clone.make()
    await using elsewhere = await tempDir()
    await mkdir(join(elsewhere.path, 'precious'))
    await writeFile(join(elsewhere.path, 'precious/letter'), 'dear')
    for (const place of [
      'models/files/espeak-ng',
      'node_modules/linked',
      '.runtime/linked',
      'web/dist/linked',
    ])
      await symlink(join(elsewhere.path, 'precious'), clone.at(place))
    const { exitCode } = await clone.uninstall('--purge', '--yes')
    assert.equal(exitCode, 0)
    assert.equal(await clone.ignored(), '')
    assert.equal(await readFile(join(elsewhere.path, 'precious/letter'), 'utf8'), 'dear')
  })

  test('of a folder of models elsewhere, only those go that the lock file or the catalog knows', async () => {
    await using clone = await Clone.make()
    await using elsewhere = await tempDir()
    await clone.git('clean', '-q', '-fdX', '--', 'models/files')
    await symlink(elsewhere.path, clone.at('models/files'))
    const lock = { recorded: ['a.gguf'], evil: ['../precious/letter', '..', '.'] }
    const models = Object.entries(lock).map(([id, files]) => [
      id,
      { folder: id, downloads: [{ files: files.map(path => ({ path })) }] },
    ])
    for (const [path, text] of Object.entries({
      'lock.json': JSON.stringify({ schema: 1, models: Object.fromEntries(models) }),
      'recorded/a.gguf': 'ours',
      'recorded/notes.txt': 'mine',
      'evil/b': 'mine',
      'silero-vad/silero_vad_v5.onnx': 'ours',
      'precious/letter': 'mine',
    })) {
      await mkdir(dirname(join(elsewhere.path, path)), { recursive: true })
      await writeFile(join(elsewhere.path, path), text)
    }
    const { exitCode, stdout } = await clone.uninstall('--purge', '--yes')
    assert.equal(exitCode, 0)
    assert.match(stdout, /recorded {2}\(outside this folder/)
    assert.equal(await clone.ignored(), '')
    assert.deepEqual((await readdir(elsewhere.path, { recursive: true })).sort(), [
      'evil',
      'evil/b',
      'precious',
      'precious/letter',
      'recorded',
      'recorded/notes.txt',
    ])
  })

  test('a clone that COURANTE_MODELS names loses no more by it, also with --purge', async () => {
    await using clone = await Clone.make()
    await clone.write({
      'notes.md': 'mine',
      'drafts/a.md': 'mine',
      'silero-vad/mine': 'mine',
      'silero-vad/silero_vad_v5.onnx': 'ours',
    })
    const { exitCode, stdout } = await clone.uninstallIn({ COURANTE_MODELS: clone.path }, '--purge', '--yes')
    assert.equal(exitCode, 0, stdout)
    assert.match(stdout, / notes\.md {2}\(no model of ours\)/)
    assert.doesNotMatch(stdout.split('What stays:')[1] ?? '', / (node_modules|\.runtime|venv) /)
    assert.deepEqual((await clone.ignored()).split('\n').sort(), [
      '!! models/files/',
      '?? drafts/',
      '?? notes.md',
      '?? silero-vad/',
    ])
    assert.deepEqual(await readdir(clone.at('silero-vad')), ['mine'])
  })

  test('of a home that a link leads to, what runs have left goes, and with --purge the link and what is yours', async () => {
    await using clone = await Clone.make()
    await using elsewhere = await tempDir()
    const home = join(elsewhere.path, 'home')
    await rename(clone.at('var'), home)
    await writeFile(join(home, 'thesis.txt'), 'mine')
    await symlink(home, clone.at('var'))
    assert.equal((await clone.uninstall('--yes')).exitCode, 0)
    const stays = [
      'models.yaml',
      'portals',
      'rooms',
      'state.db',
      'state.db-wal',
      'thesis.txt',
      'transcript.log',
      'uploads',
    ]
    assert.deepEqual((await readdir(clone.at('var'))).sort(), stays)
    await mkdir(join(home, 'run'))
    await writeFile(join(home, 'run/stack.json'), JSON.stringify({ home: clone.at('var') }))
    assert.equal((await clone.uninstall('--yes', '--purge')).exitCode, 0)
    assert.equal(await clone.ignored(), '')
    assert.deepEqual(await readdir(home), ['thesis.txt'])
  })

  test('what git has stays, wherever it lies; files without write permission go', async () => {
    await using clone = await Clone.make()
    await clone.write({ 'var/run/note': 'of the project', 'node_modules/patched/index.js': 'of the project' })
    await clone.git('add', '-f', 'var/run/note', 'node_modules/patched/index.js')
    await chmod(clone.at('web/dist/index.html'), 0o400)
    const { exitCode } = await clone.uninstall('--purge', '--yes')
    assert.equal(exitCode, 0)
    assert.equal(await clone.ignored(), 'A  node_modules/patched/index.js\nA  var/run/note')
  })

  test('what git has stays too where a link leads to it', async () => {
    await using clone = await Clone.make()
    await clone.write({ 'docs/a.onnx': 'of the project' })
    await clone.git('add', 'docs/a.onnx')
    const tracked = await trackedFiles([clone.at('models/files/link/a.onnx'), clone.at('var')], {})
    assert.deepEqual([...tracked], [])
    await symlink(clone.at('docs'), clone.at('models/files/link'))
    const now = await trackedFiles([clone.at('models/files/link/a.onnx'), clone.at('var')], {})
    assert.deepEqual([...now].sort(), [clone.at('docs/a.onnx'), clone.at('models/files/link/a.onnx')])
  })

  test('a checkout of which git can say nothing loses nothing', async () => {
    await using clone = await Clone.make()
    await writeFile(clone.at('.git/index'), 'broken')
    const before = await clone.names()
    const { exitCode, stderr } = await clone.uninstall('--purge', '--yes')
    assert.equal(exitCode, 1)
    assert.match(stderr, /git can't say which files of [^]*index[^]*Nothing was removed[^]*git -C/)
    assert.deepEqual(await clone.names(), before)
  })

  test('a download that has begun while the question stood is not swept away', async () => {
    await using clone = await Clone.make()
    await using terminal = await Terminal.open({ columns: 100, rows: 60, cwd: clone.path, env: clone.env })
    await terminal.type(`clear; ${clone.at(node)} runner/main.ts uninstall; echo ended with $?`)
    await terminal.shows(/Remove this\? \[y\/N\]/)
    await clone.write({ 'models/files/.partial/00ff.lock': JSON.stringify(identify(process.pid)) })
    const before = await clone.names()
    await terminal.type('y')
    await terminal.shows(/a download is going on[^]*ended with 1/)
    assert.deepEqual(await clone.names(), before)
  })

  test('what the system does not let go is told, and the rest goes', async t => {
    await using clone = await Clone.make()
    const stubborn = clone.at('web/dist/index.html')
    const isRoot = process.getuid?.() === 0
    const isHeld = isRoot ? !(await execa('chattr', ['+i', stubborn], { reject: false })).failed : true
    if (!isHeld) return t.skip('root can remove anything here: no chattr +i on this disk')
    if (!isRoot) await chmod(dirname(stubborn), 0o500)
    try {
      const { exitCode, stderr } = await clone.uninstall('--purge', '--yes')
      assert.equal(exitCode, 1)
      assert.match(stderr, /1 path could not be removed:\n.*web\/dist\/index\.html/)
      assert.equal(await clone.ignored(), '!! web/dist/')
    } finally {
      if (isRoot) await execa('chattr', ['-i', stubborn])
      else await chmod(dirname(stubborn), 0o700)
    }
  })

  test('a stack file that is broken by now is no reason to keep anything', async () => {
    await using clone = await Clone.make()
    await clone.write({ 'stack.local.yaml': 'services: [\n' })
    const { exitCode } = await clone.uninstall('--purge', '--yes')
    assert.equal(exitCode, 0)
    assert.equal(await clone.ignored(), '')
  })
})

const yaml = `
version: 1
home: var
services:
  one: { command: "echo ready; exec sleep 1000", ready: { log: ready } }
`

suite("courante uninstall of a project's stack", () => {
  test('while it runs, nothing is touched; then what runs have left goes, and the project stays', async () => {
    await using stack = await SmallStack.make(yaml)
    const project = [
      'node_modules/theirs/index.js',
      'venv/pyvenv.cfg',
      'models/files/theirs.bin',
      'var/notes.txt',
    ]
    for (const path of project) {
      await mkdir(dirname(join(stack.folder, path)), { recursive: true })
      await writeFile(join(stack.folder, path), 'theirs')
    }
    const up = await stack.ask('up', '-d', '--yes')
    assert.equal(up.exitCode, 0, up.all)
    const refused = await stack.ask('uninstall', '--yes', '--purge')
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /is running[^]*courante down/)
    assert.equal((await stack.ask('status')).exitCode, 0)
    assert.equal((await stack.ask('down')).exitCode, 0)
    const { exitCode, all } = await stack.ask('uninstall', '--yes', '--purge')
    assert.equal(exitCode, 0, all)
    const left = await readdir(stack.folder, { recursive: true, withFileTypes: true })
    const files = left.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
    assert.deepEqual(
      files.map(file => file.slice(stack.folder.length + 1)).sort(),
      ['stack.yaml', ...project].sort(),
    )
  })

  test('of venvs and models of a project, those go that Courante has made', async () => {
    const model = (name: string): string =>
      `  - { name: ${name}, why: test, licence: MIT, files: [data/${name}.bin], from: { url: 'https://host.invalid/x', bytes: 6, sha256: ${'a'.repeat(64)} } }`
    await using stack = await SmallStack.make(
      `environment: { python: { version: '>=3.9', venv: .venv, optional: true } }\nmodels:\n${model('ours')}\n${model('kept')}\n${yaml.trim()}\n`,
    )
    await mkdir(join(stack.folder, '.venv'))
    await writeFile(join(stack.folder, '.venv/.courante-stamp.json'), '{"made":true}')
    for (const path of ['data/ours.bin', 'data/kept.bin', 'data/theirs.bin']) {
      await mkdir(dirname(join(stack.folder, path)), { recursive: true })
      await writeFile(join(stack.folder, path), 'x')
    }
    await execa('git', ['init', '-q'], { cwd: stack.folder })
    await execa('git', ['add', 'data/kept.bin'], { cwd: stack.folder })
    const { exitCode, all } = await stack.ask('uninstall', '--yes')
    assert.equal(exitCode, 0, all)
    assert.deepEqual((await readdir(join(stack.folder, 'data'))).sort(), ['kept.bin', 'theirs.bin'])
    assert.ok(!existsSync(join(stack.folder, '.venv')))
  })

  for (const [name, files] of Object.entries({
    'filled by Courante': { 'own/.courante-stamp.json': '{"schema":2,"made":false}' },
    'being filled when that was killed': { 'own/.courante-installing/owner': '{}' },
    'put aside for a new one that was never finished': {
      'own/.courante-unfinished': '{}',
      'own/.courante-old/pyvenv.cfg': '',
    },
    'put aside for a new one that was not in its place yet': {
      '.own.courante-new/.courante-unfinished': '{}',
      '.own.courante-new/.courante-old/pyvenv.cfg': '',
    },
  })) {
    test(`a venv that a person made stays: ${name}`, async () => {
      await using stack = await SmallStack.make(
        `environment: { python: { version: '>=3.9', venv: own, optional: true } }\n${yaml.trim()}\n`,
      )
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(stack.folder, path)), { recursive: true })
        await writeFile(join(stack.folder, path), text)
      }
      const { exitCode, all } = await stack.ask('uninstall', '--yes', '--purge')
      assert.equal(exitCode, 0, all)
      assert.match(all, /no venv of ours/)
      for (const path of Object.keys(files)) assert.ok(existsSync(join(stack.folder, path)), path)
    })
  }

  test('a project that is its own home loses nothing by its name alone', async () => {
    await using stack = await SmallStack.make(yaml.replace('home: var', 'home: .'))
    for (const path of ['logs/theirs.log', 'run/theirs', 'rooms/theirs']) {
      await mkdir(dirname(join(stack.folder, path)), { recursive: true })
      await writeFile(join(stack.folder, path), 'theirs')
    }
    const { exitCode, all } = await stack.ask('uninstall', '--yes', '--purge')
    assert.equal(exitCode, 0, all)
    assert.match(all, /no run is known to have written it/)
    for (const path of ['logs/theirs.log', 'run/theirs', 'rooms/theirs'])
      assert.ok(existsSync(join(stack.folder, path)), path)
  })
})
