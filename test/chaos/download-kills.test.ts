import assert from 'node:assert/strict'
import { execa } from 'execa'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify } from '../../lib/process-identity.ts'
import { blockBytes, pieceBytes } from '../../models/download/partial.ts'
import { downloadRig, type DownloadRig } from '../support/download-rig.ts'
import { killOften } from './download-kills.ts'

const program = join(import.meta.dirname, '../support/programs/download.ts')
const bytes = 6 * pieceBytes

test('killed again and again it never has a wrong file under the name, and a kill costs at most a block', async () => {
  const { kills, twice } = await killOften(20, 1)
  assert.equal(kills, 20)
  assert.ok(twice <= 20 * blockBytes, `${twice} bytes twice`)
})

test('of two processes that want one file, one downloads and the other waits for it', async () => {
  await using rig = await downloadRig(bytes)
  rig.server.rate = 4e6
  const runs = [start(rig), start(rig)]
  const outs = await Promise.all(runs.map(async run => (await run).stdout))
  assert.deepEqual(
    outs.map(text => text.split('\n').at(-1)),
    ['done', 'done'],
  )
  assert.equal(outs.filter(text => text.startsWith('another courante is downloading')).length, 1)
  assert.ok(rig.final()?.equals(rig.server.content))
  assert.equal(rig.server.sent, bytes)
  assert.deepEqual(rig.partials(), [])
})

test('the one that waits goes on where a killed one left', async () => {
  await using rig = await downloadRig(bytes)
  rig.server.decide = ({ start }) => ({ type: 'stalls', at: Math.max(start + 1, 4 * pieceBytes) })
  const first = start(rig)
  await rig.server.stalled()
  const second = start(rig)
  await told(second, /another courante/)
  rig.server.decide = undefined
  first.kill('SIGKILL')
  assert.equal((await second).exitCode, 0)
  await first
  assert.ok(rig.final()?.equals(rig.server.content))
  assert.ok(rig.server.sent <= bytes + blockBytes)
})

test('many at once, and the lock of a dead process: all end well', async () => {
  await using rig = await downloadRig(bytes)
  const dead = execa(process.execPath, ['-e', 'process.stdin.resume()'], { reject: false })
  const identity = identify(dead.pid ?? 0)
  dead.kill('SIGKILL')
  await dead
  mkdirSync(join(rig.modelsDir, '.partial'))
  writeFileSync(join(rig.modelsDir, '.partial', `${rig.server.sha256}.lock`), JSON.stringify(identity))
  // So slow until the other two wait for it.
  rig.server.rate = 100e3
  const runs = [start(rig), start(rig), start(rig)]
  const waiting = runs.map(run => told(run, /another courante/))
  const others = [0, 1, 2].map(one => Promise.all(waiting.filter((_, i) => i !== one)))
  await Promise.any(others)
  rig.server.rate = 0
  const outs = await Promise.all(runs)
  assert.deepEqual(
    outs.map(({ exitCode }) => exitCode),
    [0, 0, 0],
  )
  assert.ok(rig.final()?.equals(rig.server.content))
  assert.equal(rig.server.sent, bytes)
  assert.equal(existsSync(join(rig.modelsDir, '.partial')), false)
})

test('where a lock can not be made it comes all the same', async () => {
  await using rig = await downloadRig(bytes)
  const partials = join(rig.modelsDir, '.partial')
  // A folder that has the name of the lock: a link can't be made there, and it has no owner that could end.
  mkdirSync(join(partials, `${rig.server.sha256}.lock`), { recursive: true })
  assert.equal(await rig.fetch(), undefined)
  assert.ok(rig.final()?.equals(rig.server.content))
  assert.deepEqual(readdirSync(partials), [`${rig.server.sha256}.lock`])
})

function start(rig: DownloadRig) {
  const call = JSON.stringify({ modelsDir: rig.modelsDir, model: rig.model() })
  return execa(process.execPath, [program, call], { reject: false })
}

/** Not by iterating: whoever leaves such a loop waits for the process. */
function told(run: ReturnType<typeof start>, words: RegExp): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let text = ''
  run.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    if (words.test(text)) resolve()
  })
  run.stdout.on('end', () => reject(new Error(`it ended and said: ${text}`)))
  return promise
}
