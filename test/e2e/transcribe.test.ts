import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeFrame, encodeJsonFrame, readFrames } from '../../lib/frames.ts'
import { encodeWav, parseWav } from '../../lib/wav.ts'
import { PortalClient } from '../../services/portal/client.ts'
import { answeringCore } from '../support/answering-core.ts'
import { coreHome } from '../support/core.ts'
import { haveSpeech, plainWords, speech } from '../support/speech.ts'

const skip = haveSpeech() ? false : 'the speech models or the sample could not be fetched'

test('recordings become their words: as text, as JSON and with times', { skip }, async () => {
  await using at = await coreHome()
  await using core = at.core()
  await core.saw(/core ready/)
  await using plain = at.transcribe(speech.path)
  assert.equal(await plain.ended(), 0, plain.stderr)
  assert.equal(plainWords(plain.stdout), speech.words)
  await using json = at.transcribe(speech.path, '--json')
  assert.equal(await json.ended(), 0, json.stderr)
  const result = JSON.parse(json.stdout) as {
    text: string
    audioSeconds: number
    segments: { start: number; end: number }[]
  }
  assert.equal(plainWords(result.text), speech.words)
  assert.equal(result.audioSeconds, speech.seconds)
  assert.ok(result.segments.length >= 3)
  for (const { start, end } of result.segments) assert.ok(start < end && end <= speech.seconds)
  // Several, of which one is broken, and one comes in at stdin: a line each with its name.
  const cut = join(at.path, 'cut.wav')
  await writeFile(cut, (await readFile(speech.path)).subarray(0, 100_000))
  await using several = at.transcribe(cut, '-', speech.path)
  several.child.stdin?.end(await readFile(speech.path))
  assert.equal(await several.ended(), 1)
  const [first = '', second = '', ...more] = several.stdout.trimEnd().split('\n')
  assert.deepEqual(more, [])
  assert.ok(first.startsWith('-: ') && second.startsWith(`${speech.path}: `), several.stdout)
  assert.equal(plainWords(first), speech.words)
  assert.match(several.stderr, /^courante: .*cut\.wav: The recording is cut off/)
  await using timed = at.transcribe(speech.path, '--timestamps')
  assert.equal(await timed.ended(), 0, timed.stderr)
  const lines = timed.stdout.trimEnd().split('\n')
  assert.ok(lines.length >= 3)
  const form = /^\[00:(\d\d\.\d{3}) --> 00:(\d\d\.\d{3})\] /
  for (const line of lines) assert.match(line, form)
  assert.equal(plainWords(lines.map(line => line.replace(form, '')).join(' ')), speech.words)
})

test('utterances come out as they are heard, and none twice when the engine began again', async () => {
  const heard = Promise.withResolvers<void>()
  const one = { start: 0, end: 1, text: 'One.' }
  const two = { start: 3661.5, end: 3662, text: 'Two\ntwo.' }
  await using core = await answeringCore('stt', async job => {
    await job.emit({ type: 'segment', ...one })
    if (job.attempt === 1) {
      await heard.promise
      return { type: 'crashed', detail: 'SIGKILL' }
    }
    await job.emit({ type: 'segment', ...two })
    const body = { model: 'm', text: 'One. Two two.', segments: [one, two], audioSeconds: 1, elapsedMs: 1 }
    return { type: 'done', body }
  })
  const file = join(core.path, 'talk.Mp3')
  await writeFile(file, 'sound')
  await using run = core.start('transcribe', file, '--timestamps')
  await run.saw(/One/)
  heard.resolve()
  assert.equal(await run.ended(), 0, run.stderr)
  assert.equal(run.stdout, '[00:00.000 --> 00:01.000] One.\n[1:01:01.500 --> 1:01:02.000] Two two.\n')
  assert.deepEqual(await core.left(), [])
})

test('a recording that is none, or broken, or silent, is told apart in words', { skip }, async () => {
  await using at = await coreHome()
  const file = (name: string) => join(at.path, name)
  const good = await readFile(speech.path)
  await writeFile(file('empty.wav'), '')
  await writeFile(file('not.wav'), 'this is text')
  await writeFile(file('cut.wav'), good.subarray(0, 100_000))
  const noise = Float32Array.from({ length: 48_000 }, (_, i) => 0.002 * Math.sin(i * i))
  await writeFile(file('faint.wav'), encodeWav(noise, 44_100))
  await writeFile(file('silent.wav'), encodeWav(new Float32Array(32_000), 16_000))
  await using core = at.core()
  await core.saw(/core ready/)
  for (const [name, words] of [
    ['empty.wav', /empty \(0 bytes\)/],
    ['not.wav', /no format that can be read/],
    ['cut.wav', /cut off/],
    ['nowhere.wav', /there is no file/],
  ] as const) {
    await using run = at.transcribe(file(name))
    assert.equal(await run.ended(), 1)
    assert.match(run.stderr, words)
  }
  for (const name of ['silent.wav', 'faint.wav']) {
    await using run = at.transcribe(file(name), '--json')
    assert.equal(await run.ended(), 0, run.stderr)
    const { text, segments } = JSON.parse(run.stdout) as { text: string; segments: unknown[] }
    assert.deepEqual({ text, segments }, { text: '', segments: [] }, name)
  }
})

test('without core the command says so at once; wrong arguments are usage', async () => {
  await using at = await coreHome()
  const recording = join(at.path, 'x.wav')
  await writeFile(recording, encodeWav(new Float32Array(100), 16_000))
  await using none = at.transcribe(recording)
  assert.equal(await none.ended(), 4)
  assert.match(none.stderr, /core is not running[^]*npm run up/)
  for (const args of [[], ['-', '-'], ['--loud', 'a.wav']]) {
    await using run = at.transcribe(...args)
    assert.equal(await run.ended(), 2)
    assert.match(run.stderr, /courante transcribe FILE…/)
  }
})

test('without models core stays up and says what to do', async () => {
  await using dir = await coreHome()
  const models = join(dir.path, 'no-models')
  await mkdir(models)
  await using at = await coreHome(models)
  await using core = at.core()
  await core.saw(/core ready/)
  const recording = join(at.path, 'x.wav')
  await writeFile(recording, encodeWav(new Float32Array(16_000), 16_000))
  await using run = at.transcribe(recording)
  assert.equal(await run.ended(), 1)
  assert.match(run.stderr, /moonshine-tiny is not installed[^]*models pull moonshine-tiny/)
})

test('an interrupted command exits with 130 and withdraws its request', { skip }, async () => {
  await using at = await coreHome()
  await using core = at.core()
  await core.saw(/core ready/)
  const long = join(at.path, 'long.wav')
  const parsed = parseWav(await readFile(speech.path))
  assert.ok(parsed.ok)
  const once11s = parsed.wav.mono(0, parsed.wav.frames)
  const samples = new Float32Array(once11s.length * 40)
  for (let i = 0; i < 40; i++) samples.set(once11s, i * once11s.length)
  await writeFile(long, encodeWav(samples, parsed.wav.sampleRate))
  await using run = at.transcribe(long)
  await seen(async () => (await readdir(join(at.home, 'portals/stt'))).includes('.run'))
  await seen(async () => (await jobsRunning(at.home)) === 1)
  run.child.kill('SIGINT')
  assert.equal(await run.ended(), 130)
  // The engine is free again: the next one is answered.
  await using next = at.transcribe(speech.path)
  assert.equal(await next.ended(), 0, next.stderr)
  assert.equal(await jobsRunning(at.home), 0)
})

test('a session says each utterance once, in order, and ends with what it was', { skip }, async () => {
  await using at = await coreHome()
  await using core = at.core()
  await core.saw(/core ready/)
  using client = new PortalClient({ spool: join(at.home, 'portals'), service: 'stt', user: 'me' })
  const job = await client.submit({ kind: 'session', sampleRate: 16_000 })
  const status = await job.waitForStatus(undefined, status => status.socket !== undefined)
  assert.ok(status.type === 'running')
  const socket = connect(status.status.socket ?? '')
  await once(socket, 'connect')
  const parsed = parseWav(await readFile(speech.path))
  assert.ok(parsed.ok)
  const pcm = encodeWav(parsed.wav.mono(0, parsed.wav.frames), 16_000).subarray(44)
  // An odd size cuts samples in half, which has to make no difference.
  for (let i = 0; i < pcm.length; i += 4801) socket.write(encodeFrame(0, pcm.subarray(i, i + 4801)))
  socket.write(encodeJsonFrame({ type: 'commit' }))
  socket.write(encodeJsonFrame({ type: 'commit' }))
  socket.write(encodeFrame(0, pcm.subarray(0, 32_000 * 2)))
  socket.write(encodeJsonFrame({ type: 'clear' }))
  socket.write(encodeJsonFrame({ type: 'end' }))
  const events: { type: string; item?: string | null; text?: string; startMs?: number; endMs?: number }[] = []
  for await (const { payload } of readFrames(socket)) events.push(JSON.parse(payload.toString()))
  const finals = events.filter(event => event.type === 'final')
  assert.equal(plainWords(finals.map(event => event.text).join(' ')), speech.words)
  for (const final of finals) {
    const mine = events.filter(event => event.item === final.item && event.type !== 'committed')
    assert.deepEqual(
      mine.map(event => event.type),
      ['speech_started', 'speech_stopped', 'final'],
    )
    assert.ok((final.startMs ?? 0) < (final.endMs ?? 0))
  }
  const committed = events.filter(event => event.type === 'committed')
  assert.equal(committed.length, 2)
  assert.equal(committed[1]?.item, null)
  assert.deepEqual(
    events.slice(-2).map(event => event.type),
    ['dropped', 'ended'],
  )
  const result = await job.wait()
  assert.ok(result.ok)
  assert.deepEqual([result['utterances'], result['audioSeconds']], [finals.length, 13])
})

async function jobsRunning(home: string): Promise<number> {
  const entries = await readdir(join(home, 'portals/stt/.run'), { recursive: true })
  return entries.filter(name => /~\d+$/.test(name)).length
}

/** Looks until it is so; the test runner's time limit ends a wait in vain. */
async function seen(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await new Promise(resolve => setTimeout(resolve, 5))
}
