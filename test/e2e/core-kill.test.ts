import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeFrame, readFrames } from '../../lib/frames.ts'
import { isAlive, identify } from '../../lib/process-identity.ts'
import { encodeWav, parseWav } from '../../lib/wav.ts'
import { PortalClient } from '../../services/portal/client.ts'
import { coreHome } from '../support/core.ts'
import { haveSpeech, plainWords, speech } from '../support/speech.ts'

const skip = haveSpeech() ? false : 'the speech models or the sample could not be fetched'

/** Seconds of work, in the middle of which somebody can be killed. */
const repeats = 3

/** The sample, said so often that there is time to kill somebody in the middle of it. */
async function longRecording(path: string, times: number): Promise<void> {
  const parsed = parseWav(await readFile(speech.path))
  assert.ok(parsed.ok)
  const one = parsed.wav.mono(0, parsed.wav.frames)
  // Long pauses, so that each is heard like the first.
  const gap = parsed.wav.sampleRate * 3
  const all = new Float32Array((one.length + gap) * times)
  for (let i = 0; i < times; i++) all.set(one, i * (one.length + gap))
  await writeFile(path, encodeWav(all, parsed.wav.sampleRate))
}

test('kill -9 of the engine during a job: another attempt gives the one result', { skip }, async () => {
  await using at = await coreHome()
  const recording = join(at.path, 'long.wav')
  await longRecording(recording, repeats)
  await using core = at.core()
  await core.saw(/core ready[^]*loaded in/)
  const engine = await at.engine('moonshine-tiny')
  await using run = at.transcribe(recording, '--json')
  await claimed(at.home, '~1')
  process.kill(engine.pid, 'SIGKILL')
  await core.saw(/stt {2}the engine of moonshine-tiny ended by itself \(SIGKILL, pid \d+/)
  assert.equal(await run.ended(), 0, run.stderr)
  const result = JSON.parse(run.stdout) as { text: string; ok: boolean }
  assert.equal(result.ok, true)
  assert.equal(plainWords(result.text), Array(repeats).fill(speech.words).join(' '))
  assert.notEqual((await at.engine('moonshine-tiny')).pid, engine.pid)
  assert.equal(core.child.exitCode, null)
  // Nothing is left that could become a second answer.
  for (const folder of ['todo', 'done', 'error', 'live', 'prep']) {
    const [user = ''] = (await readdir(join(at.home, 'portals/stt'))).filter(name => !name.startsWith('.'))
    assert.deepEqual(await readdir(join(at.home, 'portals/stt', user, folder)), [])
  }
})

test(
  'kill -9 of core: its engine goes with it, and a new core finishes the claimed job',
  { skip },
  async () => {
    await using at = await coreHome()
    const recording = join(at.path, 'long.wav')
    await longRecording(recording, repeats)
    await using first = at.core()
    await first.saw(/core ready[^]*loaded in/)
    const engine = identify((await at.engine('moonshine-tiny')).pid)
    assert.ok(engine)
    await using run = at.transcribe(recording)
    await claimed(at.home, '~1')
    first.child.kill('SIGKILL')
    await first.ended()
    await until(() => !isAlive(engine))
    await using second = at.core()
    await second.saw(/taken over from a claimer that died/)
    assert.equal(await run.ended(), 0, run.stderr)
    assert.equal(plainWords(run.stdout), Array(repeats).fill(speech.words).join(' '))
  },
)

test('kill -9 of core: an engine that can not act by itself is ended, too', { skip }, async () => {
  await using at = await coreHome()
  await using core = at.core()
  await core.saw(/core ready[^]*loaded in/)
  const engine = identify((await at.engine('moonshine-tiny')).pid)
  assert.ok(engine)
  process.kill(engine.pid, 'SIGSTOP')
  core.child.kill('SIGKILL')
  await until(() => !isAlive(engine))
})

test('kill -9 of the engine during a session ends the session with an error', { skip }, async () => {
  await using at = await coreHome()
  await using core = at.core()
  await core.saw(/core ready[^]*loaded in/)
  using client = new PortalClient({ spool: join(at.home, 'portals'), service: 'stt', user: 'me' })
  const job = await client.submit({ kind: 'session', sampleRate: 16_000 })
  const status = await job.waitForStatus(undefined, status => status.socket !== undefined)
  assert.ok(status.type === 'running')
  const socket = connect(status.status.socket ?? '')
  await once(socket, 'connect')
  socket.write(encodeFrame(0, (await readFile(speech.path)).subarray(44, 44 + 64_000)))
  const frames = readFrames(socket)
  assert.equal((await frames.next()).done, false)
  process.kill((await at.engine('moonshine-tiny')).pid, 'SIGKILL')
  const result = await job.wait()
  assert.ok(!result.ok)
  assert.equal(result.error.code, 'engine_crashed')
  // The next session has an engine again.
  const next = await client.submit({ kind: 'session', sampleRate: 16_000 })
  assert.equal((await next.waitForStatus()).type, 'running')
})

test(
  'SIGTERM ends core politely: exit 0, no engine, no core.json, and the job is back in the queue',
  { skip },
  async () => {
    await using at = await coreHome()
    const recording = join(at.path, 'long.wav')
    await longRecording(recording, repeats)
    await using first = at.core()
    await first.saw(/core ready[^]*loaded in/)
    const engine = identify((await at.engine('moonshine-tiny')).pid)
    assert.ok(engine)
    await using run = at.transcribe(recording)
    await claimed(at.home, '~1')
    first.child.kill('SIGTERM')
    assert.equal(await first.ended(), 0, first.stdout)
    assert.equal(isAlive(engine), false)
    await assert.rejects(at.facts(), { code: 'ENOENT' })
    await using second = at.core()
    assert.equal(await run.ended(), 0, run.stderr)
    assert.equal(plainWords(run.stdout), Array(repeats).fill(speech.words).join(' '))
    assert.doesNotMatch(second.stdout, /taken over/)
  },
)

/** Waits until a job with this ending of its name is claimed. */
async function claimed(home: string, ending: string): Promise<void> {
  const run = join(home, 'portals/stt/.run')
  await until(async () => (await readdir(run, { recursive: true })).some(name => name.endsWith(ending)))
}

/** Looks until it is so; the test runner's time limit ends a wait in vain. */
async function until(look: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await look())) await new Promise(resolve => setTimeout(resolve, 5))
}
