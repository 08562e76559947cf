// say [WORD…] [--voice V] [--model ID] [--speed N] [--out FILE.wav|.mp3|.opus|-] [--json] [--home DIR]: text to speech, to be heard or as a file
import { extname, resolve } from 'node:path'
import { exit } from '../lib/exit.ts'
import { type Io, runMain } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { speechLineSchema, spokenSchema, type TtsRequestInput } from '../services/portal/tts-request.ts'
import { choosePlayer, type Player, players } from './say/player.ts'
import { Playback } from './say/playback.ts'
import { type Target, throughFolder, toFile, toStdout } from './shared/deliver.ts'
import { isInstalled } from './shared/installed.ts'
import { coreProblems, sayProblems as problems, textProblems } from './shared/messages.ts'
import { readStdin } from './shared/read-text.ts'
import { type Done, runJob, type Settled } from './shared/run-job.ts'
import { homeOf, numberOption, parseOptions, script } from './shared/script.ts'

/** As the request's schema has it. */
const longest = 200_000

interface Saying {
  readonly request: TtsRequestInput
  readonly home: string
  readonly io: Io
}

export const run = script(import.meta.filename, async (argv, io) => {
  const { positionals: words, values } = parseOptions(
    {
      args: argv,
      options: {
        voice: { type: 'string' },
        model: { type: 'string' },
        speed: { type: 'string' },
        out: { type: 'string' },
        json: { type: 'boolean', default: false },
        home: { type: 'string' },
      },
      allowPositionals: true,
    },
    problems.usage,
  )
  const { voice, model, out, json } = values
  const speed = numberOption('speed', values.speed, { min: 0.5, max: 2 }, problems.usage)
  if (out === '') throw new ProblemError(problems.usage('--out needs a name'))
  const format = out === undefined ? 'wav' : formatOf(out)
  if (out !== undefined && format === undefined) throw new ProblemError(problems.otherFormat(out))
  if (out === '-' && json) throw new ProblemError(problems.usage('--out - and --json both want stdout'))
  if (out === '-' && io.stdout.isTTY === true) throw new ProblemError(problems.terminal())
  const player = out === undefined ? playerOf(io) : undefined
  const text = words.length > 0 ? words.join(' ') : await readStdin(io)
  if (text.trim() === '') throw new ProblemError(problems.usage('there is nothing to say'))
  if (text.length > longest) {
    throw new ProblemError(textProblems.tooLong('the text', `${longest.toLocaleString('en')} characters`))
  }
  const saying: Saying = {
    request: {
      kind: 'speak',
      text,
      ...(voice === undefined ? {} : { voice }),
      ...(model === undefined ? {} : { model }),
      ...(speed === undefined ? {} : { speed }),
      format,
    },
    home: homeOf(values.home, io),
    io,
  }
  const result = await (player === undefined ? write(saying, out ?? '-') : play(saying, player))
  if (json) io.stdout.write(`${JSON.stringify(result)}\n`)
  if (!result.ok) throw new ProblemError(coreProblems.refused(result.error))
  return exit.ok
})

/** As its name says; any other name is no promise, and a WAV file. */
function formatOf(out: string): TtsRequestInput['format'] {
  const ending = extname(out).slice(1).toLowerCase()
  if (ending === 'mp3') return 'mp3'
  if (ending === 'opus' || ending === 'ogg' || ending === 'oga') return 'opus'
  return ['flac', 'm4a', 'aac', 'webm'].includes(ending) ? undefined : 'wav'
}

function playerOf({ env }: Io): Player {
  const player = choosePlayer(program => isInstalled(program, env['PATH'] ?? ''))
  if (player !== undefined) return player
  throw new ProblemError(problems.noPlayer(players.map(({ program }) => program).join(', ')))
}

async function write(saying: Saying, out: string): Promise<Settled> {
  const { io } = saying
  await using target = await (out === '-' ? toStdout(io) : toFile(resolve(io.cwd, out), out))
  return await into(target, saying)
}

async function into(target: Target, { request, home, io }: Saying): Promise<Settled> {
  const result = await runJob({ service: 'tts', request, filesTo: target.folder }, { home, io })
  if (result.ok) await target.deliver(fileOf(result))
  return result
}

const fileOf = (result: Done): string => spokenSchema.parse(result).file

async function play(saying: Saying, player: Player): Promise<Settled> {
  const { io } = saying
  if (player.takes === 'pcm') return playAsItComes(saying, player)
  await using target = await throughFolder(async path => {
    await using playback = new Playback(player.program, player.args(path), io)
    await playback.finish()
  })
  return await into(target, saying)
}

/** Begins with the first sentence, while the others are being made. */
async function playAsItComes(
  { request, home, io }: Saying,
  player: Extract<Player, { takes: 'pcm' }>,
): Promise<Settled> {
  await using running = new AsyncDisposableStack()
  let playback: Playback | undefined
  /**
   * What the player has, and where in the speech we are, which differs after a restart of the engine: sentences that have
   * begun, and bytes of the last. By sentences, since a voice takes another time for the same words each time.
   */
  const played = { sentences: 0, bytes: 0 }
  const at = { sentences: 0, bytes: 0 }
  const result = await runJob(
    {
      service: 'tts',
      request: { ...request, stream: true, format: 'pcm16' },
      onLine: async words => {
        const line = speechLineSchema.parse(words)
        if (line.type === 'sentence') {
          playback ??= running.use(new Playback(player.program, player.args(line.sampleRate), io))
          at.sentences++
          at.bytes = 0
          if (at.sentences > played.sentences) Object.assign(played, at)
          return
        }
        const pcm = Buffer.from(line.pcm, 'base64')
        const from = at.bytes
        at.bytes += pcm.length
        if (at.sentences < played.sentences || at.bytes <= played.bytes) return
        const news = pcm.subarray(Math.max(0, played.bytes - from))
        played.bytes = at.bytes
        await playback?.write(news)
      },
      onRestart: () => void Object.assign(at, { sentences: 0, bytes: 0 }),
    },
    { home, io },
  )
  if (result.ok) await playback?.finish()
  return result
}

if (import.meta.main) await runMain(run)
