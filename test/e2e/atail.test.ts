import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { execa } from 'execa'
import { root } from '../support/our-stack.ts'
import { hasProgram } from '../support/programs.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'

const program = 'scripts/atail.ts'

suite(
  'as tail and tac',
  { skip: !(hasProgram('tail') && hasProgram('tac')) && 'no tail and tac here' },
  () => {
    test('the last lines, or from a line on, of one, of several, of a pipe, with headers or without', async () => {
      await using at = await tempDir()
      const [a, b, big] = [join(at.path, 'a'), join(at.path, 'b'), join(at.path, 'big')]
      await writeFile(a, 'one\ntwo\nthree\nno newline, \xff and no UTF-8', 'latin1')
      await writeFile(b, '')
      await writeFile(big, Array.from({ length: 60_000 }, (_, i) => `${i} ${'x'.repeat(i % 50)}\n`).join(''))
      const calls: string[][] = [
        ...['1', '2', '10', '-3', '+1', '+3', '+99', '50000', '+50000'].map(n => [`-n${n}`, a, b, big]),
        [big],
        ['-q', a, big],
        ['-v', '-n0', a],
        ['-n', '+1', a, '-', b],
      ]
      for (const args of calls) {
        const input = { inputFile: big, encoding: 'buffer' } as const
        const theirs = await execa('tail', args, input)
        const ours = await execa(process.execPath, [join(root, program), ...args], input)
        // With nothing to show GNU's leaves out the header, too.
        const expected = args.includes('-n0') ? `==> ${a} <==` : theirs.stdout
        assert.deepEqual(Buffer.from(ours.stdout), Buffer.from(expected), args.join(' '))
      }
      for (const file of [a, b, big]) {
        const theirs = await execa('tac', [file], { encoding: 'buffer' })
        for (const args of [{ args: ['-r', file] }, { args: ['-r'], inputFile: file }]) {
          const { args: options, ...from } = args
          const ours = await execa(process.execPath, [join(root, program), ...options], {
            encoding: 'buffer',
            ...from,
          })
          assert.deepEqual(ours.stdout, theirs.stdout)
        }
      }
      const some = await execa(process.execPath, [join(root, program), '-r', '-n2', big])
      assert.match(some.stdout, /^59999 .*\n59998 /)
    })
  },
)

test('what is missing is said, the others are shown, and it ends with 1', async () => {
  await using at = await tempDir()
  await writeFile(join(at.path, 'a'), 'one\n')
  await using run = new Spawned(program, ['-q', join(at.path, 'none'), join(at.path, 'a'), at.path], {})
  assert.equal(await run.ended(), 1)
  assert.equal(run.stdout, 'one\n')
  assert.match(run.stderr, /none can't be read: there is none\n.*it is a folder/)
})

test('wrong options end with 2', async () => {
  for (const args of [
    ['-n', 'x'],
    ['-F', '-'],
    ['-f', '-r', 'x'],
    ['--rewind', 'x'],
    ['-s', '0', '-F', 'x'],
  ]) {
    await using run = new Spawned(program, args, {})
    assert.equal(await run.ended(), 2, run.stderr)
  }
})

test('with -f it ends when nothing is left to follow', async () => {
  await using run = new Spawned(program, ['-f', '/none/of/this'], {})
  assert.equal(await run.ended(), 1)
  assert.match(run.stderr, /no file is left/)
})

test('--rewind says in the output where a file begins anew; stderr tells what happened', async () => {
  await using at = await tempDir()
  const file = join(at.path, 'a')
  await writeFile(file, 'a long first line\n')
  await using run = new Spawned(program, ['-F', '--rewind', file], {})
  await run.saw(/first line\n/)
  await writeFile(file, 'new\n')
  await run.saw(/new\n/)
  assert.equal(run.stdout, `a long first line\n\n==> ${file}: from its start <==\nnew\n`)
  await rm(file)
  await writeFile(file, 'newer\n')
  await run.saw(/newer\n/)
  run.child.kill('SIGTERM')
  assert.equal(await run.ended(), 143)
  assert.match(run.stderr, /a: truncated, from its start\n[^]*a: another file, from its start\n/)
})

test('a file at stdin is followed, where it is moved to as well', async () => {
  await using at = await tempDir()
  const file = join(at.path, 'a')
  await writeFile(file, 'one\n')
  await using handle = await open(file, 'r')
  const run = spawn(process.execPath, [join(root, program), '-f'], { stdio: [handle.fd, 'pipe', 'inherit'] })
  const { stdout } = run
  assert.ok(stdout)
  const closed = once(run, 'close')
  const saw = async (text: string): Promise<void> => {
    const [bytes] = (await once(stdout, 'data')) as [Buffer]
    assert.equal(bytes.toString(), text)
  }
  await saw('one\n')
  const next = saw('two\n')
  await rename(file, `${file}.moved`)
  await appendFile(`${file}.moved`, 'two\n')
  await next
  run.kill('SIGINT')
  assert.equal((await closed)[0], 130)
})

test('a reader that leaves ends it in silence, with 129; also one that has read for long', async () => {
  await using at = await tempDir()
  const file = join(at.path, 'a')
  await writeFile(file, 'a line\n'.repeat(1_000_000))
  await using run = new Spawned(program, ['-F', '-n', '+1', file], {})
  run.child.stdout?.once('data', () => run.child.stdout?.destroy())
  assert.equal(await run.ended(), 129)
  assert.equal(run.stderr, '')
})

test('Ctrl-C ends it with 130, also while nobody takes what it has to say', async () => {
  await using at = await tempDir()
  const file = join(at.path, 'a')
  await writeFile(file, 'a line\n'.repeat(1_000_000))
  await using run = new Spawned(program, ['-F', '-n', '+1', file], {})
  await run.saw(/a line/)
  run.child.stdout?.pause()
  const exit = once(run.child, 'exit')
  run.child.kill('SIGINT')
  assert.equal((await exit)[0], 130)
  run.child.stdout?.resume()
})
