import { spawn } from 'node:child_process'
import { ProblemError } from '../../lib/problem.ts'
import { endOf } from './child-end.ts'
import { isInstalled } from './installed.ts'
import { mikeProblems } from './messages.ts'
import type { Source } from './source.ts'

const sampleRate = 24_000

interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface RecordOptions {
  /** As `arecord -L` or sox's AUDIODEV names it. */
  readonly device: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** The microphone, by the first recording program that is installed. Throws a ProblemError if there is none. */
export function record(options: RecordOptions): Source {
  const command = recorderCommand(options.device, program => isInstalled(program, options.env['PATH'] ?? ''))
  if (command === undefined) throw new ProblemError(mikeProblems.noRecorder())
  return { sampleRate, pieces: pieces(command, options) }
}

/** Raw PCM16 mono to stdout, without words unless something is wrong. */
export function recorderCommand(
  device: string | undefined,
  isInstalled: (program: string) => boolean,
): Command | undefined {
  if (isInstalled('arecord')) {
    const from = device === undefined ? [] : ['-D', device]
    return {
      program: 'arecord',
      args: ['-q', '-t', 'raw', '-f', 'S16_LE', '-r', '24000', '-c', '1', ...from],
      env: {},
    }
  }
  const raw = ['-t', 'raw', '-e', 'signed-integer', '-b', '16', '-r', '24000', '-c', '1', '-']
  const env: Record<string, string> = device === undefined ? {} : { AUDIODEV: device }
  if (isInstalled('rec')) return { program: 'rec', args: ['-q', ...raw], env }
  if (isInstalled('sox')) return { program: 'sox', args: ['-q', '-d', ...raw], env }
  return undefined
}

async function* pieces(command: Command, { env, signal }: RecordOptions): AsyncGenerator<Buffer> {
  const { program, args } = command
  // A group of its own: the terminal's Ctrl-C must reach us, who stop it then, and not cut its last samples off.
  const child = spawn(program, args, {
    env: { ...env, ...command.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const ended = endOf(child)
  const stop = (): void => void child.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  let odd: Buffer = Buffer.alloc(0)
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      const bytes = Buffer.concat([odd, chunk])
      const whole = bytes.length - (bytes.length % 2)
      odd = bytes.subarray(whole)
      if (whole > 0) yield bytes.subarray(0, whole)
    }
    const { words } = await ended
    if (signal.aborted) return
    throw new ProblemError(mikeProblems.recorderEnded(program, words))
  } finally {
    signal.removeEventListener('abort', stop)
    child.kill('SIGTERM')
    await ended
  }
}
