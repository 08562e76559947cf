// mike [--file x.wav] [--fast] [--device D] [--json] [--home DIR]: microphone or recording to live transcript
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { exit } from '../lib/exit.ts'
import { exitCodeOf, runMain, type Io } from '../lib/io.ts'
import { formatProblem, ProblemError } from '../lib/problem.ts'
import { mikeProblems } from './shared/messages.ts'
import { firstSentence, homeOf, script } from './shared/script.ts'
import { Listener, type Heard } from './mike/listener.ts'
import { record } from './mike/recorder.ts'
import { readRecording } from './mike/recording.ts'

/** What the command line says. */
interface Options {
  readonly file?: string | undefined
  readonly fast: boolean
  readonly device?: string | undefined
  readonly json: boolean
  readonly home?: string | undefined
}

export const run = script(import.meta.filename, (argv, io) => transcribe(parseOptions(argv), io))

async function transcribe(options: Options, io: Io): Promise<number> {
  const { file, fast, device } = options
  // Read before anything is opened: a broken file costs nobody a session.
  const recording =
    file === undefined ? undefined : await readRecording(resolve(io.cwd, file), !fast, io.signal)
  const url = `ws://127.0.0.1:${await backendPort(homeOf(options.home, io), io.env)}/v1/realtime?intent=transcription`
  const screen = new Screen(io, options.json)
  // A recording that is heard in part is a failure; a microphone goes on with the next words.
  const patient = recording === undefined
  await using listener = await Listener.open(url, { patient, onHeard: heard => screen.show(heard) })
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

/** Finals to stdout, one a line; what is going on to stderr, on a terminal only. */
class Screen {
  readonly #io: Io
  readonly #json: boolean
  #shown = ''

  constructor(io: Io, json: boolean) {
    this.#io = io
    this.#json = json
  }

  show(heard: Heard): void {
    switch (heard.type) {
      case 'speech':
        return this.state('hearing')
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
    if (this.#io.stderr.isTTY !== true || state === this.#shown) return
    this.#shown = state
    this.#io.stderr.write(state === '' ? '\r\u001B[K' : `\r\u001B[K${state} …`)
  }
}

function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}\u2028\u2029]+/gu, ' ').trim()
}

function parseOptions(argv: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        file: { type: 'string' },
        fast: { type: 'boolean', default: false },
        device: { type: 'string' },
        home: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    if (values.fast && values.file === undefined) throw new ProblemError(mikeProblems.fastWithoutFile())
    return values
  } catch (error) {
    if (error instanceof ProblemError) throw error
    throw new ProblemError(mikeProblems.usage(firstSentence(error)))
  }
}

const port = z.coerce.number().int().min(1).max(65_535)
const runningStack = z.object({ services: z.object({ backend: z.object({ port }) }) })

/** The environment's port, else that of the stack that was brought up last, else the default. */
async function backendPort(home: string, env: Io['env']): Promise<number> {
  const given = port.safeParse(env['COURANTE_PORT_BACKEND'])
  if (given.success) return given.data
  try {
    const stack = runningStack.safeParse(JSON.parse(await readFile(join(home, 'run', 'stack.json'), 'utf8')))
    if (stack.success) return stack.data.services.backend.port
  } catch (error) {
    if (!(error instanceof SyntaxError) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  return 8770
}

if (import.meta.main) await runMain(run)
