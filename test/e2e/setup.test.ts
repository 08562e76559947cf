import assert from 'node:assert/strict'
import {
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  watch,
  writeFile,
} from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { on } from 'node:events'
import type { Readable } from 'node:stream'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { execa } from 'execa'
import { mounted, noMounts } from '../chaos/mounted.ts'
import { root } from '../support/our-stack.ts'
import { hasProgram } from '../support/programs.ts'
import { tempDir } from '../support/temp.ts'
import { Terminal } from '../support/terminal.ts'

/**
 * A clone with nothing installed, on a machine with an old Node: setup.sh and the launcher are the real ones, npm is a
 * program that notes how it was called and lays down what setup.sh looks for, and what is handed over to prints its
 * arguments.
 */
async function freshClone(place = 'a clone') {
  const folder = await tempDir()
  const clone = join(folder.path, place)
  const tools = join(folder.path, 'tools')
  const calls = join(folder.path, 'npm-calls')
  await mkdir(join(clone, 'runner'), { recursive: true })
  await copyFile(join(root, 'runner/strip-types.js'), join(clone, 'runner/strip-types.js'))
  await mkdir(tools)
  await mkdir(join(clone, 'services/engines'), { recursive: true })
  for (const file of [
    'setup.sh',
    'courante',
    'package.json',
    'package-lock.json',
    'services/engines/package-lock.json',
  ]) {
    await copyFile(join(root, file), join(clone, file))
  }
  await writeFile(
    join(clone, 'runner/main.ts'),
    'console.log("handed over", ...process.argv.slice(2), process.cwd())\n',
  )
  await writeFile(join(tools, 'node'), '#!/bin/sh\nexit 1\n')
  await writeFile(
    join(tools, 'npm'),
    `#!/bin/sh
echo "$*" >>'${calls}'
[ -n "$NPM_FAILS" ] && { echo "npm error \${NPM_FAILS}"; exit 1; }
case $1 in
  install) [ -z "$NPM_WAITS" ] || { : >"$NPM_WAITS-started"; cat "$NPM_WAITS" >/dev/null; }
    for last; do :; done
    bin=node_modules/\${last%@24}/bin; mkdir -p "$bin" && ln -s '${process.execPath}' "$bin/node" ;;
  ci) mkdir -p node_modules/@node-llama-cpp/linux-x64-cuda
    [ -z "$NPM_HANGS" ] || { : >"$NPM_HANGS"; exec sleep 100; } ;;
esac
`,
  )
  for (const tool of ['node', 'npm']) await chmod(join(tools, tool), 0o755)
  const env = { PATH: `${tools}:/usr/bin:/bin`, CI: undefined, npm_config_yes: undefined }
  const start = (words: string[], more: Record<string, string>, detached = true) =>
    execa('sh', [join(clone, 'setup.sh'), ...words], {
      cwd: folder.path,
      reject: false,
      stdin: 'ignore',
      extendEnv: false,
      detached,
      env: { ...env, ...more },
    })
  return {
    clone,
    env,
    calls: async () => (existsSync(calls) ? (await readFile(calls, 'utf8')).trim().split('\n') : []),
    run: (words: string[], more: Record<string, string> = {}) => start(words, more, false),
    /** In a process group of its own. */
    start,
    folder: folder.path,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

async function says({ stdout }: { stdout: Readable }, text: string): Promise<void> {
  let said = ''
  for await (const [chunk] of on(stdout, 'data')) if ((said += String(chunk)).includes(text)) return
}

suite('setup.sh on a fresh clone with an old Node', () => {
  test('without a terminal: the plan, exit code 2, nothing installed', async () => {
    await using fresh = await freshClone()
    const { exitCode, stdout, stderr } = await fresh.run(['up'])
    assert.equal(exitCode, 2)
    assert.match(stdout, /Node 24, [^]*packages +65 MB [^]*Python venv/)
    assert.match(stderr, /no terminal[^]*npm run up --yes/)
    assert.deepEqual(await fresh.calls(), [])
    assert.equal(existsSync(join(fresh.clone, '.runtime')), false)
  })

  for (const [name, words, more] of [
    ['--yes', ['up', '--yes'], {}],
    ['npm run up --yes', ['up'], { npm_config_yes: 'true' }],
    ['CI=true', ['up'], { CI: 'true' }],
  ] as const) {
    test(`${name} asks nothing, installs, and hands over in the caller's folder; the second time at once`, async () => {
      await using fresh = await freshClone()
      const first = await fresh.run([...words], more)
      assert.equal(first.exitCode, 0, first.stderr)
      assert.match(first.stdout, new RegExp(`^handed over ${words.join(' ')} ${fresh.folder}$`, 'm'))
      assert.match(
        (await fresh.calls()).join('\n'),
        /^install .*node-\w+-\w+@24\nci .*--omit=dev\nci --ignore-scripts$/,
      )
      const second = await fresh.run(['status'])
      assert.equal(second.stdout, `handed over status ${fresh.folder}`)
      assert.equal((await fresh.calls()).length, 3)
    })
  }

  test('a changed lockfile is installed again', async () => {
    await using fresh = await freshClone()
    await fresh.run(['up', '--yes'])
    await writeFile(join(fresh.clone, 'package-lock.json'), '{}')
    const status = await fresh.run(['status'])
    assert.equal(status.exitCode, 4)
    assert.match(status.stderr, /not installed yet, or have changed[^]*npm run up/)
    await fresh.run(['up', '--yes'])
    assert.match((await fresh.calls()).at(-1) ?? '', /^ci /)
    assert.equal((await fresh.calls()).length, 5)
  })

  test('a failing npm is told with its last words, and the next run tries again', async () => {
    await using fresh = await freshClone()
    const failed = await fresh.run(['up', '--yes'], { NPM_FAILS: 'network' })
    assert.equal(failed.exitCode, 1)
    assert.match(failed.stderr, /npm error network[^]*npm failed; the whole output is in .*install\.log/)
    assert.equal((await fresh.run(['up', '--yes'])).exitCode, 0)
  })

  for (const [words, more] of [
    [['up', '--yes', '--offline'], {}],
    [['up', '--yes'], { OFFLINE: '1' }],
  ] as const) {
    test(`${words.join(' ')} ${JSON.stringify(more)}: npm takes its cache only, and where that lacks something it says so`, async () => {
      await using fresh = await freshClone()
      const failed = await fresh.run([...words], { ...more, NPM_FAILS: 'code ENOTCACHED' })
      assert.equal(failed.exitCode, 1)
      assert.match(failed.stderr, /cache lacks a package, and offline was on[^]*with a network/)
      const { stdout } = await fresh.run([...words], more)
      assert.match(stdout, new RegExp(`^handed over ${words.join(' ')} `, 'm'))
      assert.deepEqual(
        (await fresh.calls()).filter(call => !call.includes(' --offline')),
        [],
      )
    })
  }

  test('an npm ci that was killed half way is begun anew, also by who needs less', async () => {
    await using fresh = await freshClone()
    await fresh.run(['up', '--yes'])
    // The tests need more packages; what is there already serves the rest.
    await mkdir(join(fresh.clone, 'test'))
    await writeFile(join(fresh.clone, 'test/run.ts'), '')
    const started = join(fresh.folder, 'npm-started')
    const watcher = watch(fresh.folder)
    const child = fresh.start(['test'], { NPM_HANGS: started })
    for await (const { filename } of watcher) if (filename === 'npm-started') break
    process.kill(-(child.pid ?? 0), 'SIGKILL')
    await child
    const calls = (await fresh.calls()).length
    const status = await fresh.run(['status'])
    assert.equal(status.exitCode, 4)
    const again = await fresh.run(['up', '--yes'])
    assert.match(again.stdout, /^handed over up --yes /m)
    assert.equal((await fresh.calls()).length, calls + 2)
  })

  test('while one installs, another waits, says so, and has nothing left to do', async () => {
    await using fresh = await freshClone()
    const gate = join(fresh.folder, 'gate')
    await execa('mkfifo', [gate])
    const watcher = watch(fresh.folder)
    const first = fresh.run(['up', '--yes'], { NPM_WAITS: gate })
    for await (const { filename } of watcher) if (filename === 'gate-started') break
    const second = fresh.run(['up'])
    await says(second, `Another process (pid ${first.pid}) is installing in this folder. Waiting`)
    await writeFile(gate, 'go on')
    assert.equal((await first).exitCode, 0)
    const { exitCode, stdout } = await second
    assert.equal(exitCode, 0)
    assert.match(stdout, /^Another process .*\nhanded over up /)
    assert.equal((await fresh.calls()).length, 3)
    const left = await readdir(join(fresh.clone, '.runtime'))
    assert.deepEqual(
      left.filter(name => name.startsWith('installing')),
      [],
    )
  })

  test('who waited for one that was killed or failed installs it', async () => {
    await using fresh = await freshClone()
    const gate = join(fresh.folder, 'gate')
    await execa('mkfifo', [gate])
    const watcher = watch(fresh.folder)
    const first = fresh.start(['up', '--yes'], { NPM_WAITS: gate })
    for await (const { filename } of watcher) if (filename === 'gate-started') break
    const second = fresh.run(['up', '--yes'])
    await says(second, 'Another process')
    process.kill(-(first.pid ?? 0), 'SIGKILL')
    await first
    const { exitCode, stdout } = await second
    assert.equal(exitCode, 0)
    assert.match(stdout, /^handed over up --yes/m)
  })

  test('the lock of a dead process holds nobody up, and of many who find it one installs', async () => {
    await using fresh = await freshClone()
    await mkdir(join(fresh.clone, '.runtime'))
    // Another process has this pid by now.
    await symlink(`${process.pid}:1`, join(fresh.clone, '.runtime/installing'))
    await symlink(`${process.pid}:1`, join(fresh.clone, '.runtime/installing.taking'))
    const all = await Promise.all(Array.from({ length: 6 }, () => fresh.run(['up', '--yes'])))
    for (const { exitCode, stdout, stderr } of all) {
      assert.equal(exitCode, 0, stderr)
      assert.match(stdout, /^handed over up --yes/m)
    }
    assert.equal((await fresh.calls()).length, 3)
  })

  test('packages of one of the two folders that are gone are installed again', async () => {
    await using fresh = await freshClone()
    await fresh.run(['up', '--yes'])
    await rm(join(fresh.clone, 'services/engines/node_modules'), { recursive: true })
    assert.equal((await fresh.run(['status'])).exitCode, 4)
  })

  test('a disk with too little room is said before the question', async () => {
    await using fresh = await freshClone()
    const df = join(fresh.folder, 'tools/df')
    await writeFile(
      df,
      `#!/bin/sh
echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'
echo '/dev/a disk 999999 900000 99999 91% /somewhere'
`,
    )
    await chmod(df, 0o755)
    const { exitCode, stderr } = await fresh.run(['up', '--yes'])
    assert.equal(exitCode, 1)
    assert.match(stderr, /too little room: 102 MB are free, and \d{3} MB are needed/)
    assert.deepEqual(await fresh.calls(), [])
  })

  test('a folder that can only be read is said before the question', { skip: noMounts() }, async () => {
    await using fresh = await freshClone()
    await using disk = await mounted(50e6)
    const clone = join(disk.path, 'clone')
    await execa('cp', ['-a', fresh.clone, clone])
    disk.remount('ro')
    const { exitCode, stderr } = await execa('sh', [join(clone, 'setup.sh'), 'up', '--yes'], {
      reject: false,
      env: fresh.env,
      extendEnv: false,
    })
    assert.equal(exitCode, 1)
    assert.match(stderr, /clone can't be written\.\n.*read-only/)
    assert.deepEqual(await fresh.calls(), [])
  })

  test("a graphics card's packages are back in their places after npm ci", async () => {
    await using fresh = await freshClone()
    const runtime = join(fresh.clone, '.runtime/gpu/linux-x64-cuda')
    await mkdir(join(runtime, 'bins'), { recursive: true })
    await fresh.run(['up', '--yes'])
    const link = join(fresh.clone, 'services/engines/node_modules/@node-llama-cpp/linux-x64-cuda')
    assert.equal(await readlink(link), runtime)
  })

  test('--no installs nothing: exit code 3', async () => {
    await using fresh = await freshClone()
    assert.equal((await fresh.run(['up', '--no'])).exitCode, 3)
    assert.deepEqual(await fresh.calls(), [])
  })

  test('the launcher works through a link, from another folder', async () => {
    await using fresh = await freshClone()
    await fresh.run(['up', '--yes'])
    await symlink(join(fresh.clone, 'courante'), join(fresh.folder, 'c'))
    const { stdout } = await execa(join(fresh.folder, 'c'), ['status', 'x y'], {
      cwd: fresh.folder,
      env: fresh.env,
      extendEnv: false,
    })
    assert.equal(stdout, `handed over status x y ${fresh.folder}`)
  })

  const skip = hasProgram('tmux') ? false : 'tmux is not installed'
  test(
    'on a terminal it asks; n declines with exit code 3 and writes nothing; Return agrees',
    { skip },
    async () => {
      await using fresh = await freshClone()
      await using terminal = await Terminal.open({ columns: 100, rows: 30, cwd: fresh.clone, env: fresh.env })
      await terminal.type('sh setup.sh up; echo ended with $?')
      await terminal.shows(/Install it\? \[Y\/n\]/)
      await terminal.type('n')
      await terminal.shows(/nothing was installed[^]*ended with 3/)
      assert.equal(existsSync(join(fresh.clone, '.runtime')), false)
      await terminal.type('clear; sh setup.sh up; echo ended with $?')
      await terminal.shows(/Install it\? \[Y\/n\]/)
      await terminal.press('Enter')
      await terminal.shows(/handed over up[^]*ended with 0/)
    },
  )
})

suite('setup.sh of an installed package with an old Node', () => {
  const place = 'a project/node_modules/courante'

  test('without a terminal: only Node is missing, exit code 2, nothing installed', async () => {
    await using fresh = await freshClone(place)
    const { exitCode, stdout, stderr } = await fresh.run(['init'])
    assert.equal(exitCode, 2)
    assert.match(stdout, /Node 24, /)
    assert.doesNotMatch(stdout, /packages/)
    assert.match(stderr, /no terminal[^]*courante init --yes/)
    assert.equal((await fresh.run(['status'])).exitCode, 4)
    assert.deepEqual(await fresh.calls(), [])
  })

  test('with consent it gets Node, no packages, and Node runs its files there; the second time at once', async () => {
    await using fresh = await freshClone(place)
    await rm(join(fresh.clone, 'package-lock.json'))
    const first = await fresh.run(['init', '--yes'])
    assert.equal(first.exitCode, 0, first.stderr)
    assert.match(first.stdout, /^handed over init --yes /m)
    assert.match((await fresh.calls()).join('\n'), /^install .*node-\w+-\w+@24$/)
    const second = await fresh.run(['status'])
    assert.equal(second.stdout, `handed over status ${fresh.folder}`)
    assert.equal(second.stderr, '')
    assert.equal((await fresh.calls()).length, 1)
  })
})
