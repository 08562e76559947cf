import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ProblemError } from '../../lib/problem.ts'
import { mikeProblems } from '../shared/messages.ts'
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
  const ended = end(child)
  const stop = (): void => void child.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4096)))
  let odd: Buffer = Buffer.alloc(0)
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      const bytes = Buffer.concat([odd, chunk])
      const whole = bytes.length - (bytes.length % 2)
      odd = bytes.subarray(whole)
      if (whole > 0) yield bytes.subarray(0, whole)
    }
    const how = await ended
    if (signal.aborted) return
    const last = stderr.trim().split('\n').at(-1) ?? ''
    throw new ProblemError(mikeProblems.recorderEnded(program, last === '' ? how : last))
  } finally {
    signal.removeEventListener('abort', stop)
    child.kill('SIGTERM')
    await ended
  }
}

/** How a child ended, in words; never rejects. */
async function end(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    return signal === null ? `exit code ${String(code)}` : `signal ${signal}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function isInstalled(program: string, path: string): boolean {
  return path.split(delimiter).some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return folder !== ''
    } catch {
      // Absent, or not for us to run: both mean the same here.
      return false
    }
  })
}
