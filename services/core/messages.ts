// More than 300 lines: it is the one table of what core says, and each is a few words.
import type { JobError } from '../portal/request.ts'
import type { EngineFailure } from './engine.ts'
import { type Needs, tooFull } from './needs.ts'
import type { Refusal } from './scheduler.ts'

type BadAudio = Extract<EngineFailure, { reason: 'bad_audio' }>['fault']
type RemoteFault = Extract<EngineFailure, { reason: 'remote' }>['fault']

const wavTodo =
  'Give a WAV file with PCM or float samples, for example: ffmpeg -i INPUT -ac 1 -ar 16000 out.wav'

const badAudio: Record<BadAudio, readonly [message: string, todo: string]> = {
  missing: ['The request names a recording that is not in its folder.', wavTodo],
  empty: ['The recording is empty (0 bytes).', wavTodo],
  unknown_format: ['The recording is in no format that can be read here.', wavTodo],
  truncated: ['The recording is cut off: it holds less audio than its header says.', wavTodo],
  no_audio: ['The recording has a WAV header that is broken or lacks the audio.', wavTodo],
  encoding: ['The recording is a WAV file of an encoding that is not supported.', wavTodo],
  too_long: ['The recording is too long.', 'Cut it into pieces of a few hours.'],
  no_ffmpeg: [
    'The recording is not a WAV file, and ffmpeg, which reads other formats, is not installed.',
    'Install ffmpeg (for example: apt install ffmpeg), or give a WAV file.',
  ],
}

const remoteFaults: Record<RemoteFault, readonly [message: (host: string) => string, todo: string]> = {
  unreachable: [
    host => `${host}, where this model runs, can't be reached`,
    'Start the server there, or correct its address in models.yaml.',
  ],
  timeout: [host => `${host}, where this model runs, does not answer`, 'Look whether that server is well.'],
  unauthorized: [
    host => `${host} does not accept the key`,
    'Check the environment variable that models.yaml names for it (key_env).',
  ],
  refused: [
    host => `${host} refused the request`,
    'Correct the request, or look into the log of that server.',
  ],
  bad_answer: [
    host => `${host} answered what can't be understood`,
    'Is its address in models.yaml right? That of an OpenAI-compatible API usually ends in /v1.',
  ],
  no_key: [
    host => `${host} needs a key, and the environment has none`,
    'Set the environment variable that models.yaml names for it (key_env), then restart core.',
  ],
}

type ImageFault = Extract<EngineFailure, { reason: 'bad_image' }>['fault']

const imageFaults: Record<ImageFault, string> = {
  missing: "is not in the request's folder",
  empty: 'is empty (0 bytes)',
  unknown_format: 'is in no format that can be read here',
  too_large: 'is too large',
  unreadable: 'can not be read: it is damaged',
}

/** The words that core answers failed jobs with. */
export const coreErrors = {
  unknownModel: (model: string, near: readonly string[]): JobError => ({
    code: 'unknown_model',
    message: `There is no model ${model}.`,
    todo:
      near.length > 0 ? `Use ${near.join(', ')}.` : '`courante models ls --all` lists those that there are.',
  }),
  wrongKind: (model: string, kind: string, known: readonly string[]): JobError => ({
    code: 'wrong_model',
    message: `The model ${model} can't do this: it is a model for ${kind}.`,
    todo:
      known.length > 0
        ? `Use ${known.join(', ')}.`
        : '`courante models ls --all` lists those that there are.',
  }),
  noDefault: (kind: string, known: readonly string[]): JobError => ({
    code: known.length === 0 ? 'model_missing' : 'no_default',
    message:
      known.length === 0
        ? `No model for ${kind} is installed.`
        : `There are several models for ${kind}, and none is the default.`,
    todo:
      known.length === 0
        ? '`courante models ls --all` lists what can be pulled; docs/models.md says how to add others.'
        : `Name one (${known.join(', ')}), or choose: \`courante models default ${known[0]}\`.`,
  }),
  modelMissing: (model: string, file: string | undefined): JobError => ({
    code: 'model_missing',
    message: `The model ${model} is not installed${file === undefined ? '' : `: ${file} is not there, or not whole`}.`,
    todo: `Run \`courante models pull ${model}\`; if the file is your own, correct its path in models.yaml.`,
  }),
  noEngine: (model: string): JobError => ({
    code: 'unsupported',
    message: `The model ${model} works inside of other models and does nothing by itself.`,
    todo: '`courante models ls --all` lists those that run.',
  }),
  tooLarge: (model: string, needed: Needs, room: Needs, { pinned, cardFailure }: Pinned): JobError => ({
    code: 'no_memory',
    message: `The model ${model} needs ${inWords(needed)}, and models may take ${inWords(only(room, needed))}${pinned.length === 0 ? '' : ` beside what is pinned (${pinned.join(', ')})`}.${onCard(cardFailure)}`,
    todo: `Use a smaller model or context, ${pinned.length === 0 ? '' : 'unpin others (`courante models unpin`), '}or raise ${settingsFor(tooFull(needed, room))} in models.yaml.`,
  }),
  noMemory: (model: string, needed: Needs, free: Needs, cardFailure: string): JobError => ({
    code: 'no_memory',
    message: `The model ${model} needs about ${inWords(needed)}, and no more than ${inWords(free)} could be had.${onCard(cardFailure)}`,
    todo: 'End other programs, or use a smaller model or context.',
    retryAfter: 30,
  }),
  crashes: (model: string, detail: string): JobError => ({
    code: 'engine_crashed',
    message: `The engine of ${model} ended again and again while it was starting (${detail}).`,
    todo: 'See the log of core (`courante logs core`); the file of the model may be damaged.',
  }),
  engineCrashed: (detail: string): JobError => ({
    code: 'engine_crashed',
    message: `The engine ended while it worked on this (${detail}).`,
    todo: 'See the log of core (`courante logs core`), then try again.',
  }),
  pinned: (model: string): JobError => ({
    code: 'pinned',
    message: `The model ${model} is pinned, and would be loaded again at once.`,
    todo: `Unpin it first: \`courante models unpin ${model}\`.`,
  }),
  sessionLost: (): JobError => ({
    code: 'session_lost',
    message: 'The session was cut short: core stopped or restarted.',
    todo: 'Open a new session.',
  }),
  stopping: (): JobError => ({
    code: 'stopping',
    message: 'Core stopped before this was done.',
    todo: 'Try again when it runs.',
  }),
} as const

export interface Circumstances {
  readonly pinned: readonly string[]
  /** Bytes that the machine has left. */
  readonly available: number
  /** What the engine said of the load. */
  readonly failure: JobError | undefined
  /** How the engine ended, when it did so by itself. */
  readonly lastEnd: string
  /** Why it has to do without the graphics card; empty: it does not. */
  readonly cardFailure: string
}

type Pinned = Pick<Circumstances, 'pinned' | 'cardFailure'>

/** The words for what the scheduler decided against. */
export function refusalError(model: string, why: Refusal, around: Circumstances): JobError {
  switch (why.reason) {
    case 'too_large':
      return coreErrors.tooLarge(model, why.needed, why.room, around)
    case 'no_memory':
      return coreErrors.noMemory(model, why.needed, { memory: around.available }, around.cardFailure)
    case 'load_failed':
      return around.failure ?? coreErrors.modelMissing(model, undefined)
    case 'crashes':
      return coreErrors.crashes(model, around.lastEnd)
  }
}

/** The words for what an engine says of a request or of its model. */
export function failureError(model: string, failure: EngineFailure): JobError {
  switch (failure.reason) {
    case 'cancelled':
      return { code: 'cancelled', message: 'The request was cancelled.' }
    case 'internal':
      return {
        code: 'internal',
        message: `Something in the engine of ${model} failed: ${failure.detail.split('\n', 1)[0] ?? ''}`,
        todo: 'This is a bug; the log of core (`courante logs core`) has more.',
      }
    case 'unsupported':
      return {
        code: 'unsupported',
        message: `The model ${model} can't do this: ${failure.what}.`,
        todo: `\`courante models show ${model}\` says what it can; \`courante models ls\` lists others.`,
      }
    case 'missing_files':
      return coreErrors.modelMissing(model, failure.files[0])
    case 'bad_model':
      return {
        code: 'bad_model',
        message: `The model ${model} can't be loaded: ${failure.detail}.`,
        todo: `Its file is damaged or not a model of this kind; remove it and get it again (\`courante models rm ${model}\`).`,
      }
    case 'bad_settings':
      return {
        code: 'bad_settings',
        message: `The model ${model} can't be loaded with its settings: ${failure.detail}.`,
        todo: 'Correct its entry in models.yaml.',
      }
    case 'out_of_memory':
      return {
        code: 'no_memory',
        message: `There was not enough memory for the model ${model}: ${failure.detail}.`,
        todo: 'End other programs, or use a smaller model or context.',
        retryAfter: 30,
      }
    case 'no_gpu':
      return {
        code: 'no_gpu',
        message: `The engine of ${model} finds no graphics card that it can use: ${failure.detail}.`,
        todo: 'Look whether its driver is well (`courante doctor`), or set COURANTE_GPU=off.',
      }
    case 'bad_audio': {
      const [message, todo] = badAudio[failure.fault]
      return { code: 'bad_audio', message, todo }
    }
    case 'missing_program':
      return {
        code: 'missing_program',
        message: `The model ${model} needs the program ${failure.program}, which is not on this machine: ${failure.detail}.`,
        todo:
          failure.how === 'build'
            ? `Run \`courante models pull ${model}\`, which builds it once, after asking.`
            : `Install it, or name its path in models.yaml (docs/engines.md says how).`,
      }
    case 'missing_package':
      return {
        code: 'missing_package',
        message: `The model ${model} needs the Python package ${failure.package}, which is not installed.`,
        todo: `Run \`courante up\`, which installs what ${failure.program} names as its dependencies, after asking; if they lack it, add it there (docs/python-engines.md).`,
      }
    case 'bad_program':
      return {
        code: 'bad_program',
        message: `The engine of ${model} can't be started: ${failure.detail}.`,
        todo: `Correct ${failure.program}; the next request starts it again.`,
      }
    case 'no_ffmpeg':
      return {
        code: 'no_ffmpeg',
        message: `Speech as ${failure.format} needs ffmpeg, which is not installed.`,
        todo: 'Install ffmpeg (for example: apt install ffmpeg), or ask for wav.',
      }
    case 'not_written':
      return {
        code: 'not_written',
        message: `The result could not be written as ${failure.file}: ${failure.detail}.`,
        todo: 'Look whether the disk has room (df -h), then try again; wav needs no other program.',
      }
    case 'no_space':
      return {
        code: 'no_space',
        message: 'There is no space on the disk for the result.',
        todo: '`df -h` tells which disk is full.',
      }
    case 'bad_image': {
      return {
        code: 'bad_image',
        message: `The picture ${failure.file} ${imageFaults[failure.fault]}.`,
        todo: 'Give a PNG, JPEG, WebP or GIF file of at most 20 MB; all of a request have 100 MB and 100 megapixels together, one that is named twice counts twice.',
      }
    }
    case 'no_client':
      return {
        code: 'no_client',
        message: 'Nobody connected to the session.',
        todo: 'Open a new session and connect to its socket within 10 seconds.',
      }
    case 'bad_frames':
      return {
        code: 'bad_frames',
        message: "The session's client sent something that is not a frame of this protocol.",
        todo: 'See ARCHITECTURE.md for the frames of a session.',
      }
    case 'context_too_long':
      return {
        code: 'context_too_long',
        message: `The request has ${failure.tokens} tokens, and the context of ${model} holds ${failure.context}.`,
        todo:
          failure.trained === undefined
            ? 'Send less, or use a model with a larger context (`courante models ls --all`).'
            : `Send less, or give it a larger context_size in models.yaml; it was trained for ${failure.trained}.`,
        facts: { tokens: failure.tokens, context: failure.context },
      }
    case 'bad_schema':
      return {
        code: 'bad_schema',
        message: `The JSON Schema can't be used: ${failure.detail}.`,
        todo: 'Correct `format.schema`.',
      }
    case 'bad_grammar':
      return {
        code: 'bad_grammar',
        message: `The grammar can't be used: ${failure.detail}.`,
        todo: 'Correct `format.grammar` (GBNF).',
      }
    case 'bad_request':
      return {
        code: 'bad_request',
        message: `The request can't be used: ${failure.detail}.`,
        todo: 'Correct the request and submit it again.',
      }
    case 'remote': {
      const [message, todo] = remoteFaults[failure.fault]
      const status = failure.status === undefined ? '' : ` (HTTP ${failure.status})`
      const detail = failure.detail === '' ? '' : `: ${failure.detail}`
      const { retryAfter } = failure
      const words = `${message(failure.host)}${status}${detail}.`
      return { code: 'remote', message: words, todo, ...(retryAfter === undefined ? {} : { retryAfter }) }
    }
  }
}

export const coreNotices = {
  loaded: (kind: string, model: string, ms: number): string => `${kind}  ${model} loaded in ${ms} ms`,
  unloaded: (kind: string, model: string): string => `${kind}  ${model} unloaded`,
  ended: (kind: string, model: string, detail: string): string =>
    `${kind}  the engine of ${model} ended by itself (${detail})`,
  loadFailed: (kind: string, model: string, why: string): string => `${kind}  ${model}: ${why}`,
  offCard: (kind: string, model: string, why: string): string =>
    `${kind}  ${model} goes to the processor and not to the graphics card: ${why}`,
  cardInUse: (kind: string, model: string): string =>
    `${kind}  ${model} is loaded on the processor: others have used the graphics card for too long`,
  failed: (kind: string, model: string, code: string, words: string): string =>
    `${kind}  ${model}: ${code}: ${words}`,
  givenUp: (kind: string, model: string, id: string, attempts: number): string =>
    `${kind}  ${model}: request ${id} is given up: its engine ended ${attempts} times`,
  served: (kind: string, model: string, words: string): string => `${kind}  ${model}: ${words}`,
  trouble: (what: string, error: string): string => `${what}: ${error}`,
} as const

/** `1.9 GB`, and what is on a graphics card. */
function inWords(needs: Needs): string {
  const parts = Object.entries(needs).map(([device, bytes]) => {
    const size =
      bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.max(0, Math.round(bytes / 1e6))} MB`
    return device === 'memory' ? size : `${size} on the graphics card`
  })
  return parts.join(' and ')
}

function only(room: Needs, needed: Needs): Needs {
  return Object.fromEntries(Object.keys(needed).map(device => [device, room[device] ?? 0]))
}

function onCard(failure: string): string {
  return failure === '' ? '' : ` The graphics card has failed it: ${failure}`
}

/** Who lacks room on the card could do with more of the machine's memory, too. */
function settingsFor(short: readonly string[]): string {
  return short.includes('gpu') ? '`gpu_memory` or `memory`' : '`memory`'
}
