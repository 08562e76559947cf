import { execa } from 'execa'
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { identify } from '../../lib/process-identity.ts'
import { parseWav } from '../../lib/wav.ts'
import type { Outcome } from '../../services/portal/worker.ts'
import { answeringCore } from '../support/answering-core.ts'
import { coreHome } from '../support/core.ts'
import { fakeProgram } from '../support/fake-program.ts'
import { root } from '../support/our-stack.ts'
import { haveVoices, plainWords } from '../support/speech.ts'
import { Spawned } from '../support/spawned.ts'
import { Terminal } from '../support/terminal.ts'

const skip = haveVoices() ? false : 'the speech models could not be fetched'
const rate = 8000

test('eSpeak speaks to a file, to stdout and to a player; what it says is understood', { skip }, async () => {
  await using at = await coreHome()
  await using core = at.core()
  await core.saw(/core ready/)
  const say = (args: string[], env = {}) => new Spawned('scripts/say.ts', args, { ...at.env, ...env })
  // Through a link, and over what was there.
  const file = join(at.path, 'speech.wav')
  await writeFile(file, 'old')
  const link = join(at.path, 'link.wav')
  await symlink(file, link)
  await using toFile = say(['open', 'the', 'window', 'please', '--out', link, '--json'])
  assert.equal(await toFile.ended(), 0, toFile.stderr)
  assert.equal(await readlink(link), file)
  const { audioSeconds, model } = JSON.parse(toFile.stdout) as { audioSeconds: number; model: string }
  assert.equal(model, 'espeak-ng')
  assert.equal(seconds(await readFile(file)), audioSeconds)
  assert.deepEqual(
    (await readdir(at.path)).filter(name => name.startsWith('.courante')),
    [],
  )
  await using heard = new Spawned('scripts/whisp.ts', [file], at.env)
  assert.equal(await heard.ended(), 0, heard.stderr)
  assert.match(heard.stdout, /^[^\n]+\n$/)
  assert.equal(plainWords(heard.stdout), 'open the window please')
  // A player that keeps what it hears.
  const bin = await fakeProgram(at.path, 'aplay', 'echo "$*" >"$0.args"; exec cat >"$0.pcm"')
  await using played = say(['--speed', '2'], { PATH: `${bin}:/usr/bin:/bin` })
  played.child.stdin?.end('The weather is nice. And tomorrow?\n')
  assert.equal(await played.ended(), 0, played.stderr)
  assert.equal(played.stdout, '')
  assert.equal(await readFile(join(bin, 'aplay.args'), 'utf8'), '-q -t raw -f S16_LE -r 22050 -c 1\n')
  const pcm = await readFile(join(bin, 'aplay.pcm'))
  assert.ok(pcm.length > 22_050 && pcm.some(byte => byte !== 0))
  // The same as a file.
  const { stdout } = await execa(
    process.execPath,
    ['scripts/say.ts', '--speed', '2', '--out', '-', 'The weather is nice. And tomorrow?'],
    { cwd: root, env: at.env, encoding: 'buffer', stdin: 'ignore' },
  )
  assert.ok(Math.abs(seconds(Buffer.from(stdout)) - pcm.length / 2 / 22_050) < 0.1)
})

test(
  'a name that ends so is MP3 or Opus; without ffmpeg that is said, and nothing written',
  { skip },
  async t => {
    const { exitCode } = await execa('ffprobe', ['-version'], { reject: false })
    if (exitCode !== 0) return t.skip('ffmpeg is not installed')
    await using at = await coreHome()
    const out = (name: string): string => join(at.path, name)
    {
      await using core = at.core()
      await core.saw(/core ready/)
      for (const [name, codec] of [
        ['a.mp3', 'mp3'],
        ['b.opus', 'opus'],
        ['c.OGG', 'opus'],
      ] as const) {
        await using run = new Spawned('scripts/say.ts', ['Hello there.', '--out', out(name)], at.env)
        assert.equal(await run.ended(), 0, run.stderr)
        const asked = ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', out(name)]
        assert.equal((await execa('ffprobe', asked)).stdout, codec)
      }
    }
    await using core = at.core({ PATH: at.path })
    await core.saw(/core ready/)
    await using run = new Spawned('scripts/say.ts', ['Hello there.', '--out', out('d.mp3')], at.env)
    assert.equal(await run.ended(), 1)
    assert.match(run.stderr, /Speech as mp3 needs ffmpeg, which is not installed[^]*apt install ffmpeg/)
    assert.deepEqual(
      (await readdir(at.path)).filter(name => /^d|^\.courante/.test(name)),
      [],
    )
  },
)

test('the first sentence is heard while the next is made, and nothing twice after a crash', async () => {
  const heard = Promise.withResolvers<void>()
  await using core = await speakingCore(async (say, attempt) => {
    await say('aa')
    if (attempt === 1) {
      await until(async () => (await readFile(join(bin, 'aplay.pcm'), 'utf8')) === 'aa')
      heard.resolve()
      return { type: 'crashed', detail: 'SIGKILL' }
    }
    await say('bb')
    return spoken
  })
  const bin = await fakeProgram(core.path, 'aplay', 'exec cat >"$0.pcm"')
  await writeFile(join(bin, 'aplay.pcm'), '')
  await using run = new Spawned('scripts/say.ts', ['x'], { ...core.env, PATH: `${bin}:/usr/bin:/bin` })
  await heard.promise
  assert.equal(await run.ended(), 0, run.stderr)
  assert.equal(await readFile(join(bin, 'aplay.pcm'), 'utf8'), 'aabb')
  assert.deepEqual(await core.left(), [])
})

test('after a crash it goes on by sentence, since a voice is never as long again', async () => {
  await using core = await speakingCore(async (say, attempt, _signal, begin) => {
    // One sentence has begun already, and is whole as the second begins.
    await say(attempt === 1 ? 'aaa' : 'AAAAA')
    await begin()
    await say(attempt === 1 ? 'bbb' : 'B')
    if (attempt === 1) {
      await until(async () => (await readFile(join(bin, 'aplay.pcm'), 'utf8')) === 'aaabbb')
      return { type: 'crashed', detail: 'SIGKILL' }
    }
    await say('BBBB')
    await begin()
    await say('cc')
    return spoken
  })
  const bin = await fakeProgram(core.path, 'aplay', 'exec cat >"$0.pcm"')
  await writeFile(join(bin, 'aplay.pcm'), '')
  await using run = new Spawned('scripts/say.ts', ['x'], { ...core.env, PATH: `${bin}:/usr/bin:/bin` })
  assert.equal(await run.ended(), 0, run.stderr)
  assert.equal(await readFile(join(bin, 'aplay.pcm'), 'utf8'), 'aaabbbBBcc')
})

test('a player that fails: exit 1 with its own last line, and the job is withdrawn', async () => {
  const reason = Promise.withResolvers<unknown>()
  await using core = await speakingCore(async (say, _attempt, signal) => {
    // More than a pipe holds.
    while (!signal.aborted) {
      await say('x'.repeat(100_000))
      await setImmediate()
    }
    reason.resolve(signal.reason)
    return spoken
  })
  const bin = await fakeProgram(core.path, 'aplay', 'echo "no such device" >&2; exit 1')
  await using run = new Spawned('scripts/say.ts', ['x'], { ...core.env, PATH: `${bin}:/usr/bin:/bin` })
  assert.equal(await run.ended(), 1)
  assert.match(run.stderr, /aplay stopped: no such device[^]*--out speech\.wav/)
  assert.equal(await reason.promise, 'cancelled')
  assert.deepEqual(await core.left(), [])
})

test('Ctrl-C while it plays: silence at once, exit 130, no player left', async () => {
  await using core = await speakingCore(async say => {
    await say('aa')
    return spoken
  })
  const bin = await fakeProgram(core.path, 'aplay', 'cat >/dev/null; echo $$ >"$0.pid"; exec sleep 600')
  await using run = new Spawned('scripts/say.ts', ['x'], { ...core.env, PATH: `${bin}:/usr/bin:/bin` })
  const pid = join(bin, 'aplay.pid')
  await until(async () => (await readdir(bin)).includes('aplay.pid') && (await readFile(pid, 'utf8')) !== '')
  run.child.kill('SIGINT')
  assert.equal(await run.ended(), 130)
  assert.equal(run.stderr, '')
  assert.equal(identify(Number(await readFile(pid, 'utf8'))), undefined)
})

test('what can not be said, played or written is told before anything is asked of core', async () => {
  await using at = await coreHome()
  const say = (args: string[], env = {}) => new Spawned('scripts/say.ts', args, { ...at.env, ...env })
  const empty = join(at.path, 'empty')
  await mkdir(empty)
  for (const [args, env, code, words] of [
    [['x'], { PATH: empty }, 1, /no program that plays sound[^]*alsa-utils[^]*--out/],
    [['x', '--out', at.path], {}, 1, /it is a folder/],
    [['x', '--out', join(at.path, 'no/x.wav')], {}, 1, /no such folder/],
    [['x', '--out', '-', '--json'], {}, 2, /both want stdout/],
    [['x', '--out', 'x.flac'], {}, 2, /x\.flac would be a WAV file[^]*\.mp3, \.opus[^]*ffmpeg -i - x\.flac/],
    [['x', '--out', 'x.M4A'], {}, 2, /with another name/],
    [['x', '--speed', 'fast', '--out', '-'], {}, 2, /from 0\.5 to 2/],
    [['--out', '-'], {}, 2, /nothing to say/],
    [['x', '--out', '-'], {}, 4, /core is not running, and nothing else can speak/],
  ] as const) {
    await using run = say([...args], env)
    run.child.stdin?.end(' \n')
    assert.equal(await run.ended(), code, run.stderr)
    assert.match(run.stderr, words)
  }
  await using terminal = await Terminal.open({ columns: 80, rows: 10, cwd: root, env: at.env })
  await terminal.type(`${process.execPath} scripts/say.ts hello --out -`)
  await terminal.shows(/that is a terminal/)
})

const spoken: Outcome = {
  type: 'done',
  body: {
    model: 'test',
    voice: 'v',
    file: 'speech.pcm',
    sampleRate: rate,
    audioSeconds: 1,
    sentences: 1,
    firstAudioMs: 1,
    elapsedMs: 1,
  },
}

/** Its speech is what the test says: text in place of samples. */
function speakingCore(
  speak: (
    say: (samples: string) => Promise<void>,
    attempt: number,
    signal: AbortSignal,
    begin: () => Promise<void>,
  ) => Promise<Outcome>,
) {
  return answeringCore('tts', async job => {
    const begin = (): Promise<void> => job.emit({ type: 'sentence', text: 'x', sampleRate: rate })
    await begin()
    const say = (samples: string): Promise<void> =>
      job.emit({ type: 'audio', pcm: Buffer.from(samples).toString('base64') })
    return speak(say, job.attempt, job.signal, begin)
  })
}

function seconds(file: Buffer): number {
  const parsed = parseWav(file)
  assert.ok(parsed.ok)
  return Math.round((parsed.wav.frames / parsed.wav.sampleRate) * 1000) / 1000
}

/** Looks until it is so; the test runner's time limit ends a wait in vain. */
async function until(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await new Promise(resolve => setTimeout(resolve, 5))
}
