import { exit } from '../../lib/exit.ts'
import type { Problem } from '../../lib/problem.ts'

export const failed = (code: string, what: string, todo?: string): Problem => ({
  code,
  what,
  exit: exit.failed,
  ...(todo === undefined ? {} : { todo }),
})

/** Wrong arguments of a command, with how it is called. */
export const usageOf =
  (command: string, usage: string) =>
  (detail: string): Problem => ({
    code: 'usage',
    what: `${command}: ${detail}`,
    todo: `Usage: courante ${command} ${usage}`,
    exit: exit.usage,
  })

const inWords = (code: string): string => {
  switch (code) {
    case 'ENOENT':
      return 'there is no such folder'
    case 'EISDIR':
      return 'it is a folder'
    default:
      return code
  }
}

/** What a service does, for those who miss it. */
const doings: Readonly<Record<string, string>> = {
  llm: 'answer',
  stt: 'transcribe',
  tts: 'speak',
  image: 'paint',
}

/** Of every command that has core do something. */
export const coreProblems = {
  notRunning: (service: string, stopped: boolean): Problem => ({
    code: 'not_running',
    what: `core is not running, and nothing else can ${doings[service] ?? 'do this'}`,
    todo: stopped ? 'Start it: courante start core backend' : 'Start it: npm run up',
    exit: exit.notRunning,
  }),
  coreEnded: (): Problem => ({
    code: 'core_ended',
    what: 'core ended while it worked on this, and has not come back',
    todo: 'Start it: npm run up; its log: courante logs core',
    exit: exit.failed,
  }),
  notSubmitted: (spool: string, code: string) =>
    failed('not_submitted', `the request can't be put into ${spool} (${code})`, 'df -h and ls -ld tell more'),
  /** The result's own words. */
  refused: ({ code, message, todo }: { code: string; message: string; todo?: string | undefined }) =>
    failed(code, message, todo),
} as const

/** What a job that has not begun waits for, on the line of a terminal. */
export const waitWords = {
  loading: (model: string, percent: number): string => `loading ${model} ${percent} %`,
  waiting: (model: string): string => `waiting until ${model} has room`,
} as const

export const textProblems = {
  unreadable: (path: string, code: string) =>
    failed('unreadable', code === 'ENOENT' ? `there is no file ${path}` : `${path} can't be read (${code})`),
  notText: (name: string) =>
    failed('not_text', `${name} is no text in UTF-8`, 'iconv -f ENCODING -t UTF-8 makes it that'),
  halfJson: () =>
    failed(
      'half_json',
      'the JSON is not whole: the answer ended before it',
      'Allow more (--max-tokens), or ask for less.',
    ),
  tooLong: (name: string, most: string) =>
    failed('too_long', `${name} is longer than ${most}, which is the most`, 'Give it in parts.'),
} as const

export const askProblems = {
  usage: usageOf(
    'ask',
    '[WORD…] [--model ID] [--system TEXT] [--file PATH]… [--image PATH]… [--temperature N] [--max-tokens N] [--seed N] [--stop TEXT]… [--schema FILE] [--json]',
  ),
  badSchema: (path: string, detail: string) =>
    failed('bad_schema', `${path} is no JSON Schema: ${detail}`, 'Such as: {"type": "object", …}'),
  noPicture: (path: string) =>
    failed(
      'not_a_picture',
      `${path} is no PNG, JPEG, WebP or GIF`,
      `ffmpeg -i ${path} picture.png makes one`,
    ),
  largePicture: (path: string) =>
    failed(
      'too_large',
      `${path} is larger than 20 MB, which is the most`,
      'Make it smaller: models see few details.',
    ),
  startedAnew: () =>
    failed(
      'started_anew',
      'the engine ended in the middle, and said something else when it began again',
      'Ask again: what came out is the beginning of an answer without its end.',
    ),
} as const

/** What `ask` tells beside the answer, on stderr. */
export const askNotes = {
  cutOff: 'the answer is cut off: the context of the model is full',
  startedAnew: 'the engine ended in the middle, and begins again:',
  forgotten: 'the beginning of this talk does not fit into the model any more, and is forgotten',
  hello: 'An empty line or Ctrl-D ends the talk.',
  starter:
    'This was starter, a demo of 3 MB. `courante models ls --all` lists real ones, `courante models pull ID` fetches one.',
} as const

export const sayProblems = {
  usage: usageOf(
    'say',
    '[WORD…] [--voice V] [--model ID] [--speed N] [--out FILE.wav|.mp3|.opus|-] [--json]',
  ),
  otherFormat: (out: string): Problem => ({
    code: 'other_format',
    what: `${out} would be a WAV file with another name: speech is written as .wav, .mp3, .opus or .ogg`,
    todo: `courante say --out - … | ffmpeg -i - ${out}`,
    exit: exit.usage,
  }),
  terminal: (): Problem => ({
    code: 'usage',
    what: '--out - writes a WAV file to stdout, and that is a terminal',
    todo: 'courante say … --out - > speech.wav, or --out speech.wav',
    exit: exit.usage,
  }),
  noPlayer: (programs: string) =>
    failed(
      'no_player',
      `no program that plays sound was found (${programs})`,
      'Debian, Ubuntu: sudo apt install alsa-utils (or sox, ffmpeg); or write a file: --out speech.wav',
    ),
  playerEnded: (program: string, detail: string) =>
    failed('player_failed', `${program} stopped: ${detail}`, 'To write a file instead: --out speech.wav'),
} as const

/** Of a file that a command makes. */
export const outProblems = {
  unwritable: (path: string, code: string) =>
    failed('unwritable', `${path} can't be written: ${inWords(code)}`),
} as const

export const paintProblems = {
  usage: usageOf(
    'paint',
    '[WORD…] [--model ID] [--out FILE.png|-] [--width N] [--height N] [--steps N] [--guidance N] [--sampler NAME] [--seed N] [--count N] [--negative TEXT] [--json]',
  ),
  side: (name: string, pixels: number): Problem => ({
    code: 'usage',
    what: `--${name} takes a multiple of 8, and not ${pixels}`,
    todo: `--${name} ${Math.max(64, Math.round(pixels / 8) * 8)}`,
    exit: exit.usage,
  }),
  onlyPng: (out: string): Problem => ({
    code: 'only_png',
    what: `${out} would be a PNG file with another name`,
    todo: `courante paint … --out - | magick - ${out}`,
    exit: exit.usage,
  }),
  terminal: (): Problem => ({
    code: 'usage',
    what: '--out - writes a PNG file to stdout, and that is a terminal',
    todo: 'courante paint … --out - > fox.png, or --out fox.png',
    exit: exit.usage,
  }),
  noModel: () =>
    failed(
      'model_missing',
      'there is no model that paints: none comes with Courante',
      'Get one (`courante models ls --all`; docs/engines.md says which program it needs, and how to use a server that you have), then paint again',
    ),
} as const

export const paintNotes = {
  busy: (at?: { step: number; steps: number; image: number; images: number }): string => {
    if (at === undefined) return 'painting'
    const which = at.images === 1 ? '' : `picture ${at.image} of ${at.images}, `
    return `painting: ${which}step ${at.step} of ${at.steps}`
  },
} as const

export const transcribeProblems = {
  usage: usageOf('transcribe', 'FILE… [--model ID] [--timestamps] [--json]'),
  terminal: (): Problem => ({
    code: 'usage',
    what: '- is the recording that comes in at stdin, and that is a terminal',
    todo: 'courante transcribe - < talk.mp3',
    exit: exit.usage,
  }),
} as const

export const transcribeNotes = {
  busy: (clock: string): string => (clock === '' ? 'transcribing' : `transcribing, at ${clock}`),
  noWords: 'no words were heard',
} as const

export const whispProblems = {
  usage: usageOf('whisp', '[FILE] [--device D] [--silence SECONDS]'),
  nothingHeard: () =>
    failed(
      'nothing_heard',
      'no words were heard',
      'Is it the right microphone, and loud enough? `arecord -L` lists them, --device chooses.',
    ),
} as const

export const whispNotes = {
  listening: 'listening, Enter ends it',
  hearing: 'hearing',
  writing: 'writing',
} as const

const whyNoFile = (code: string): string =>
  ({
    ENOENT: 'there is none',
    ENOTDIR: 'there is none',
    EISDIR: 'it is a folder',
    ENOTREG: 'it is a pipe or a device',
    EACCES: 'it is not yours to read',
  })[code] ?? code

export const atailProblems = {
  usage: usageOf('atail', '[-f|-F] [-n LINES|+LINE] [-r] [-q|-v] [-s SECONDS] [--rewind] [FILE…]'),
  stdinByName: (): Problem => ({
    code: 'usage',
    what: 'stdin has no name that could be followed',
    todo: 'courante atail -f < FILE, or -F FILE',
    exit: exit.usage,
  }),
  unreadable: (path: string, code: string) =>
    failed('unreadable', `${path} can't be read: ${whyNoFile(code)}`),
} as const

/** What happens to the files, on stderr. */
export const atailNotes = {
  found: (name: string): string => `courante: ${name} is there`,
  gone: (name: string, code: string): string => `courante: ${name} has gone: ${whyNoFile(code)}`,
  rewind: (name: string, why: 'truncated' | 'rewritten' | 'replaced'): string =>
    `courante: ${name}: ${{ truncated: 'truncated', rewritten: 'written anew', replaced: 'another file' }[why]}, from its start`,
  noneLeft: 'courante: no file is left to be followed',
  /** On stdout, for who reads it and shows something. */
  fromItsStart: (name: string): string => `\n==> ${name}: from its start <==\n`,
} as const

export const bb2htmlProblems = {
  usage: usageOf('bb2html', '[FILE…] [--fragment] [--follow]'),
  oneFile: (): Problem => ({
    code: 'usage',
    what: 'bb2html: --follow takes one file, and stdin is none',
    todo: 'courante bb2html --follow room.bb',
    exit: exit.usage,
  }),
  unreadable: atailProblems.unreadable,
} as const

const wavFaults: Record<'empty' | 'not_wav' | 'truncated' | 'no_audio' | 'encoding', string> = {
  empty: 'is empty (0 bytes)',
  not_wav: 'is not a WAV file',
  truncated: 'is cut off: it holds less audio than its header says',
  no_audio: 'holds no audio that can be found',
  encoding: 'is a WAV file of an encoding that is not supported',
}

export const mikeProblems = {
  usage: usageOf('mike', '[--file x.wav] [--fast] [--device D] [--json]'),
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
  unreadable: textProblems.unreadable,
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
      'Debian, Ubuntu: sudo apt install alsa-utils (or sox); macOS: brew install sox; without a microphone give a recording: courante mike --file x.wav, courante whisp x.wav',
    ),
  recorderEnded: (program: string, detail: string) =>
    failed(
      'recorder_failed',
      `${program} stopped: ${detail}`,
      'see the devices with `arecord -L`, choose one with --device',
    ),
} as const
