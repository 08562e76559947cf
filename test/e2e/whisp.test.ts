import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify } from '../../lib/process-identity.ts'
import { fakeProgram } from '../support/fake-program.ts'
import { root } from '../support/our-stack.ts'
import { Spawned } from '../support/spawned.ts'
import { Terminal } from '../support/terminal.ts'
import { startStack } from '../support/voice-stack.ts'

const sound = (ms: number): string => `head -c ${ms * 48} /dev/zero | tr '\\0' '\\1'`
const quiet = (ms: number): string => `head -c ${ms * 48} /dev/zero`
const onAndOn = `while ${quiet(50)}; do sleep 0.05; done`

test('the microphone until a silence: all that was said on one line, and no recorder is left', async () => {
  await using stack = await startStack({ texts: ['Hello\nthere.', 'And bye.'] })
  const body = `echo $$ >"$0.pid"; ${sound(300)}; ${quiet(700)}; ${sound(300)}; ${onAndOn}`
  const bin = await fakeProgram(stack.home, 'arecord', body)
  await using run = dictate(stack, bin, ['--silence', '0.8'])
  assert.equal(await run.ended(), 0, run.stderr)
  assert.equal(run.stdout, 'Hello there. And bye.\n')
  assert.equal(run.stderr, '')
  assert.equal(identify(Number(await readFile(join(bin, 'arecord.pid'), 'utf8'))), undefined)
})

test('nothing said: it ends by itself with exit 1, and nothing on stdout', async () => {
  await using stack = await startStack({})
  const bin = await fakeProgram(stack.home, 'arecord', `${quiet(31_000)}; exec sleep 600`)
  await using run = dictate(stack, bin, [])
  assert.equal(await run.ended(), 1)
  assert.equal(run.stdout, '')
  assert.match(run.stderr, /no words were heard[^]*--device/)
})

test('Ctrl-C: the last words are waited for and written, exit 130', async () => {
  await using stack = await startStack({ texts: ['Hello.'] })
  const bin = await fakeProgram(stack.home, 'arecord', `${sound(300)}; exec sleep 600`)
  await using run = dictate(stack, bin, ['--silence', '0'])
  await stack.core.saw(/heard speech/)
  run.child.kill('SIGINT')
  assert.equal(await run.ended(), 130, run.stderr)
  assert.equal(run.stdout, 'Hello.\n')
})

test('on a terminal Enter ends it, and stdout has the text alone', async () => {
  await using stack = await startStack({ texts: ['Hello.'] })
  const bin = await fakeProgram(stack.home, 'arecord', `${sound(300)}; ${onAndOn}`)
  const env = { ...environment(stack, bin), OUT: join(stack.home, 'out') }
  await using terminal = await Terminal.open({ columns: 80, rows: 10, cwd: root, env })
  await terminal.type(`${process.execPath} scripts/whisp.ts --silence 0 | cat >"$OUT"; echo over`)
  await terminal.shows(/Hello\. {2}listening, Enter ends it …/)
  await terminal.press('Enter')
  await terminal.shows(/^over$/m)
  assert.equal(await readFile(env.OUT, 'utf8'), 'Hello.\n')
})

test('wrong arguments: exit 2; without a stack: exit 4', async () => {
  for (const args of [['a.wav', 'b.wav'], ['--silence', 'long'], ['--what']]) {
    await using run = new Spawned('scripts/whisp.ts', args, {})
    assert.equal(await run.ended(), 2)
    assert.match(run.stderr, /Usage: courante whisp/)
  }
  await using none = new Spawned('scripts/whisp.ts', [], { COURANTE_PORT_BACKEND: '1' })
  assert.equal(await none.ended(), 4)
  assert.match(none.stderr, /npm run up/)
})

type Stack = Awaited<ReturnType<typeof startStack>>

function dictate(stack: Stack, bin: string, args: readonly string[]): Spawned {
  return new Spawned('scripts/whisp.ts', args, environment(stack, bin))
}

function environment(stack: Stack, bin: string) {
  return { COURANTE_PORT_BACKEND: stack.host.split(':')[1] ?? '', PATH: `${bin}:/usr/bin:/bin` }
}
