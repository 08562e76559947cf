import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify } from '../../lib/process-identity.ts'
import { encodeWav } from '../../lib/wav.ts'
import { fakeProgram } from '../support/fake-program.ts'
import { root } from '../support/our-stack.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'
import { Terminal } from '../support/terminal.ts'
import { startStack } from '../support/voice-stack.ts'

test('a recording, as fast as it goes: each final a line, then exit 0', async () => {
  await using stack = await startStack({ texts: ['One.', 'Two\ntwo.', 'Three.'] })
  // Ends in the middle of speech.
  const file = await recording(stack.home, 44_100, [300, 700, 300, 700, 300])
  await using mike = start(stack.host, ['--file', file, '--fast'])
  assert.equal(await mike.ended(), 0, mike.stderr)
  assert.equal(mike.stdout, 'One.\nTwo two.\nThree.\n')
  assert.equal(mike.stderr, '')
  await stack.core.saw(/session 44100 500/)
})

test('--json tells where in the recording each text lies', async () => {
  await using stack = await startStack({ texts: ['One.'] })
  const file = await recording(stack.home, 16_000, [-100, 300, 600])
  await using mike = start(stack.host, ['--file', file, '--fast', '--json'])
  assert.equal(await mike.ended(), 0, mike.stderr)
  const { text, startMs, endMs } = JSON.parse(mike.stdout) as Record<string, unknown>
  assert.deepEqual({ text, startMs, endMs }, { text: 'One.', startMs: 100, endMs: 400 })
})

test('a recording plays in real time unless told otherwise', async () => {
  await using stack = await startStack({ texts: ['One.'] })
  const file = await recording(stack.home, 24_000, [500])
  const since = performance.now()
  await using mike = start(stack.host, ['--file', file])
  assert.equal(await mike.ended(), 0, mike.stderr)
  assert.ok(performance.now() - since >= 500)
  assert.equal(mike.stdout, 'One.\n')
})

test('a recording without speech is no failure', async () => {
  await using stack = await startStack({})
  const file = await recording(stack.home, 16_000, [-1000])
  await using mike = start(stack.host, ['--file', file, '--fast'])
  assert.equal(await mike.ended(), 0, mike.stderr)
  assert.equal(mike.stdout, '')
})

test('a broken recording: exit 1, and words that name it', async () => {
  await using home = await tempDir()
  const whole = encodeWav(new Float32Array(1000), 16_000)
  const cases: [Buffer | undefined, RegExp][] = [
    [Buffer.alloc(0), /is empty \(0 bytes\)/],
    [Buffer.from('no recording at all, but long enough'), /is not a WAV file/],
    [whole.subarray(0, 500), /is cut off/],
    [encodeWav(new Float32Array(0), 16_000), /holds no audio/],
    [encodeWav(new Float32Array(1000), 96_000), /sample rate of 96000/],
    [undefined, /there is no file/],
  ]
  for (const [i, [bytes, words]] of cases.entries()) {
    const file = join(home.path, `${i}.wav`)
    if (bytes !== undefined) await writeFile(file, bytes)
    await using mike = start('127.0.0.1:1', ['--file', file])
    assert.equal(await mike.ended(), 1, mike.stderr)
    assert.match(mike.stderr, words)
    assert.ok(mike.stderr.includes(`${i}.wav`))
  }
})

test('without a running stack: exit 4, and the command that starts it', async () => {
  await using home = await tempDir()
  const file = await recording(home.path, 16_000, [100])
  // A port that was free a moment ago.
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  await mkdir(join(home.path, 'run'))
  await writeFile(join(home.path, 'run', 'stack.json'), JSON.stringify({ services: { backend: { port } } }))
  await using mike = new Spawned('scripts/mike.ts', ['--file', file], { COURANTE_HOME: home.path })
  assert.equal(await mike.ended(), 4)
  assert.match(mike.stderr, new RegExp(`127\\.0\\.0\\.1:${port}.*\n.*npm run up`))
})

test('an engine that is lost in a recording: exit 1 in its words', async () => {
  await using stack = await startStack({ dieAtMs: 200 })
  const file = await recording(stack.home, 16_000, [500])
  await using mike = start(stack.host, ['--file', file, '--fast'])
  assert.equal(await mike.ended(), 1)
  assert.match(mike.stderr, /speech engine ended in the middle/)
})

test('wrong arguments: exit 2', async () => {
  for (const args of [['--what'], ['--fast'], ['x.wav']]) {
    await using mike = start('127.0.0.1:1', args)
    assert.equal(await mike.ended(), 2)
    assert.match(mike.stderr, /courante mike/)
  }
})

test('the microphone: Ctrl-C commits, waits for the last words, exits 130 and leaves no recorder', async () => {
  await using stack = await startStack({ texts: ['Hello.'] })
  // 300 ms of sound, then a device that gives no more.
  const bin = await fakeProgram(
    stack.home,
    'arecord',
    `echo $$ > "$0.pid"\nhead -c 14400 /dev/zero | tr '\\0' '\\1'\nexec sleep 600`,
  )
  await using mike = start(stack.host, ['--device', 'hw:7'], { PATH: `${bin}:/usr/bin:/bin` })
  await stack.core.saw(/session 24000 500/)
  await stack.core.saw(/heard speech/)
  mike.child.kill('SIGINT')
  assert.equal(await mike.ended(), 130, mike.stderr)
  assert.equal(mike.stdout, 'Hello.\n')
  const pid = Number(await readFile(join(bin, 'arecord.pid'), 'utf8'))
  assert.equal(identify(pid), undefined)
})

test('on a terminal, words stand on the last line while they are spoken', async () => {
  const partials = ['and', 'and so', 'and so my fellow']
  await using stack = await startStack({ partials, texts: ['And so, my fellow Americans.'] })
  const quiet = 'while head -c 2400 /dev/zero; do sleep 0.05; done'
  const bin = await fakeProgram(
    stack.home,
    'arecord',
    `head -c 14400 /dev/zero | tr '\\0' '\\1'\nuntil [ -e "$0.go" ]; do sleep 0.05; done\n${quiet}`,
  )
  const env = { COURANTE_PORT_BACKEND: stack.host.split(':')[1] ?? '', PATH: `${bin}:/usr/bin:/bin` }
  await using terminal = await Terminal.open({ columns: 80, rows: 10, cwd: root, env })
  await terminal.type(`${process.execPath} scripts/mike.ts`)
  await terminal.shows(/^and so my fellow …/m)
  await writeFile(join(bin, 'arecord.go'), '')
  await terminal.shows(/^And so, my fellow Americans\.\s*\n *listening …/m)
})

test('a recorder that fails: exit 1 with its own last line', async () => {
  await using stack = await startStack({})
  const bin = await fakeProgram(
    stack.home,
    'arecord',
    'echo first >&2\necho "arecord: audio open error: No such device" >&2\nexit 1',
  )
  await using mike = start(stack.host, [], { PATH: `${bin}:/usr/bin:/bin` })
  assert.equal(await mike.ended(), 1)
  assert.match(mike.stderr, /arecord stopped: arecord: audio open error: No such device/)
  assert.doesNotMatch(mike.stderr, /first/)
})

test('no program that records: exit 1 and what to install', async () => {
  await using stack = await startStack({})
  await using mike = start(stack.host, [], { PATH: stack.home })
  assert.equal(await mike.ended(), 1)
  assert.match(mike.stderr, /alsa-utils.*sox/)
})

function start(host: string, args: readonly string[], env: Record<string, string> = {}): Spawned {
  return new Spawned('scripts/mike.ts', args, { COURANTE_PORT_BACKEND: host.split(':')[1] ?? '', ...env })
}

/** Stretches of sound and silence by turns, in ms; a negative number is a silence to begin with. */
async function recording(folder: string, sampleRate: number, stretches: readonly number[]): Promise<string> {
  const parts: number[] = []
  let loud = (stretches[0] ?? 0) > 0
  for (const ms of stretches) {
    for (let i = 0; i < (Math.abs(ms) / 1000) * sampleRate; i++) parts.push(loud ? 0.1 : 0)
    loud = !loud
  }
  const path = join(folder, 'recording.wav')
  await writeFile(path, encodeWav(Float32Array.from(parts), sampleRate))
  return path
}
