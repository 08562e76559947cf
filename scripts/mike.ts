// mike [--file x.wav] [--fast] [--device D] [--json] [--home DIR]: microphone or recording to live transcript
import { resolve } from 'node:path'
import { exit } from '../lib/exit.ts'
import { exitCodeOf, runMain, type Io } from '../lib/io.ts'
import { formatProblem, ProblemError } from '../lib/problem.ts'
import { readRecording } from './mike/recording.ts'
import { realtimeAccess } from './shared/backend-url.ts'
import { type Heard, Listener } from './shared/listener.ts'
import { mikeProblems } from './shared/messages.ts'
import { record } from './shared/recorder.ts'
import { homeOf, parseOptions, script } from './shared/script.ts'
import { StatusLine } from './shared/status-line.ts'
import { oneLine } from './shared/visible.ts'

/** What the command line says. */
interface Options {
  readonly file?: string | undefined
  readonly fast: boolean
  readonly device?: string | undefined
  readonly json: boolean
  readonly home?: string | undefined
}

export const run = script(import.meta.filename, (argv, io) => transcribe(optionsOf(argv), io))

async function transcribe(options: Options, io: Io): Promise<number> {
  const { file, fast, device } = options
  // Read before anything is opened: a broken file costs nobody a session.
  const recording =
    file === undefined ? undefined : await readRecording(resolve(io.cwd, file), !fast, io.signal)
  const backend = await realtimeAccess(homeOf(options.home, io), io.env)
  const screen = new Screen(io, options.json)
  // A recording that is heard in part is a failure; a microphone goes on with the next words.
  const patient = recording === undefined
  await using listener = await Listener.open(backend, { patient, onHeard: heard => screen.show(heard) })
  const source = recording ?? record({ device, env: io.env, signal: io.signal })
  listener.configure(source.sampleRate)
  screen.state('listening')
  try {
    for await (const piece of source.pieces) {
      if (io.signal.aborted) break
      await listener.send(piece, io.signal)
    }
    await listener.finish(io.signal.aborted ? AbortSignal.timeout(2000) : io.signal)
  } finally {
    screen.state('')
  }
  return io.signal.aborted ? exitCodeOf(String(io.signal.reason)) : exit.ok
}

/** Of what is being said, so much stands on the last line: a longer one would break on a small terminal. */
const shownCharacters = 60

/** Finals to stdout, one a line; what is going on to stderr, on a terminal only. */
class Screen {
  readonly #io: Io
  readonly #json: boolean
  readonly #status: StatusLine

  constructor(io: Io, json: boolean) {
    this.#io = io
    this.#json = json
    this.#status = new StatusLine(io.stderr)
  }

  show(heard: Heard): void {
    switch (heard.type) {
      case 'speech':
        return this.state('hearing')
      case 'partial':
        return this.#status.show(oneLine(heard.text).slice(-shownCharacters))
      case 'silence':
        return this.state('writing')
      case 'nothing':
        return this.state('listening')
      case 'notice':
        this.state('')
        this.#io.stderr.write(formatProblem(heard.problem))
        return
      case 'final': {
        this.state('')
        const { text, item, startMs, endMs } = heard
        this.#io.stdout.write(
          `${this.#json ? JSON.stringify({ text, item, startMs, endMs }) : oneLine(text)}\n`,
        )
        return this.state('listening')
      }
    }
  }

  state(state: '' | 'listening' | 'hearing' | 'writing'): void {
    this.#status.show(state)
  }
}

function optionsOf(argv: readonly string[]): Options {
  const { values } = parseOptions(
    {
      args: argv,
      options: {
        file: { type: 'string' },
        fast: { type: 'boolean', default: false },
        device: { type: 'string' },
        home: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    },
    mikeProblems.usage,
  )
  if (values.fast && values.file === undefined) throw new ProblemError(mikeProblems.fastWithoutFile())
  return values
}

if (import.meta.main) await runMain(run)
