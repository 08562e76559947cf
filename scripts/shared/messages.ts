import { exit } from '../../lib/exit.ts'
import type { Problem } from '../../lib/problem.ts'

const failed = (code: string, what: string, todo?: string): Problem => ({
  code,
  what,
  exit: exit.failed,
  ...(todo === undefined ? {} : { todo }),
})

const wavFaults: Record<'empty' | 'not_wav' | 'truncated' | 'no_audio' | 'encoding', string> = {
  empty: 'is empty (0 bytes)',
  not_wav: 'is not a WAV file',
  truncated: 'is cut off: it holds less audio than its header says',
  no_audio: 'holds no audio that can be found',
  encoding: 'is a WAV file of an encoding that is not supported',
}

export const mikeProblems = {
  usage: (detail: string): Problem => ({
    code: 'usage',
    what: `mike: ${detail}`,
    todo: 'Usage: courante mike [--file x.wav] [--fast] [--device D] [--json]',
    exit: exit.usage,
  }),
  fastWithoutFile: (): Problem => ({
    code: 'usage',
    what: '--fast is for a recording; a microphone gives sound no faster than you speak',
    todo: 'courante mike --file x.wav --fast',
    exit: exit.usage,
  }),
  notRunning: (url: string): Problem => ({
    code: 'not_running',
    what: `nothing listens at ${new URL(url).host}: the stack is not running`,
    todo: 'Start it: npm run up',
    exit: exit.notRunning,
  }),
  noSession: (detail: string) =>
    failed(
      'no_session',
      `the backend did not open a session: ${detail}`,
      'courante status, courante logs backend',
    ),
  connectionLost: (code: number) =>
    failed(
      'connection_lost',
      `the backend closed the connection (${code})`,
      'courante status, courante logs backend',
    ),
  server: (message: string) => failed('server_error', message),
  unreadable: (path: string, code: string) =>
    failed('unreadable', code === 'ENOENT' ? `there is no file ${path}` : `${path} can't be read (${code})`),
  badRecording: (path: string, fault: keyof typeof wavFaults) =>
    failed(
      'bad_audio',
      `${path} ${wavFaults[fault]}`,
      'give a WAV file with PCM or float samples, for example: ffmpeg -i INPUT -ac 1 -ar 16000 out.wav',
    ),
  sampleRate: (path: string, rate: number, min: number, max: number) =>
    failed(
      'sample_rate',
      `${path} has a sample rate of ${rate} Hz; a live session takes ${min} to ${max}`,
      'convert it: ffmpeg -i INPUT -ar 48000 out.wav; or transcribe it as a file: courante transcribe',
    ),
  noRecorder: () =>
    failed(
      'no_recorder',
      'no program that records from a microphone was found (arecord, rec or sox)',
      'Debian, Ubuntu: sudo apt install alsa-utils (or sox); macOS: brew install sox; without a microphone: --file x.wav',
    ),
  recorderEnded: (program: string, detail: string) =>
    failed(
      'recorder_failed',
      `${program} stopped: ${detail}`,
      'see the devices with `arecord -L`, choose one with --device',
    ),
} as const

export const transcribeProblems = {
  usage: (detail: string): Problem => ({
    code: 'usage',
    what: `transcribe: ${detail}`,
    todo: 'Usage: courante transcribe FILE.wav [--json]',
    exit: exit.usage,
  }),
  notRunning: (): Problem => ({
    code: 'not_running',
    what: 'core is not running, and nothing else can transcribe',
    todo: 'Start it: npm run up',
    exit: exit.notRunning,
  }),
  coreEnded: (): Problem => ({
    code: 'core_ended',
    what: 'core ended while it worked on this, and has not come back',
    todo: 'Start it: npm run up; its log: courante logs core',
    exit: exit.failed,
  }),
  unreadable: (path: string, code: string) =>
    failed('unreadable', code === 'ENOENT' ? `there is no file ${path}` : `${path} can't be read (${code})`),
  /** The result's own words. */
  refused: ({ code, message, todo }: { code: string; message: string; todo?: string | undefined }) =>
    failed(code, message, todo),
} as const
