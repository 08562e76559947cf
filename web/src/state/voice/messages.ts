import type { Microphone } from './microphone.ts'

/** Why the microphone is not on. */
export type MicrophoneProblem =
  | { readonly code: Exclude<keyof typeof problems, 'refused' | 'failed'> }
  /** The backend's own words, from its error event. */
  | { readonly code: 'refused'; readonly message: string }
  /** What the browser said, where we have no better words. */
  | { readonly code: 'failed'; readonly message: string }

/** Every problem's words: what happened, and what to do about it. */
const problems = {
  insecure: {
    what: 'This address can’t use the microphone',
    todo: 'Browsers allow it only on https, localhost and 127.0.0.1. Open the page there.',
  },
  unsupported: {
    what: 'This browser can’t record at the rate that speech recognition needs',
    todo: 'Use a current Chromium, Chrome, Edge or Safari.',
  },
  denied: {
    what: 'The microphone is blocked for this page',
    todo: 'Allow it in the browser’s site settings, next to the address, then press the button again.',
  },
  no_device: {
    what: 'No microphone was found',
    todo: 'Plug one in, then press the button again.',
  },
  device_busy: {
    what: 'The microphone can’t be opened',
    todo: 'Another program may be using it. Close that, then press the button again.',
  },
  device_lost: {
    what: 'The microphone was unplugged or taken away',
    todo: 'Press the button to start again.',
  },
  backend_gone: {
    what: 'The connection to the backend was lost, so the microphone is off',
    todo: 'When the page is connected again, press the button again.',
  },
  backend_silent: {
    what: 'The backend doesn’t answer',
    todo: 'Look at its pane in the console, or run ./courante status.',
  },
  refused: {
    what: 'The backend can’t listen',
    todo: 'Look at its pane in the console, or run ./courante status. Then press the button again.',
  },
  failed: { what: 'The microphone can’t be opened', todo: 'Press the button to try again.' },
} as const

export function problemInWords(problem: MicrophoneProblem): { what: string; todo: string } {
  const { what, todo } = problems[problem.code]
  switch (problem.code) {
    case 'refused':
      return { what: problem.message === '' ? what : problem.message, todo }
    case 'failed':
      return { what: `${what}: ${problem.message}`, todo }
    default:
      return { what, todo }
  }
}

/** The line beside what is heard. */
export const microphoneInWords: Record<Microphone['kind'], string> = {
  off: 'Microphone off',
  asking: 'Waiting for your permission',
  opening: 'Getting ready',
  listening: 'Listening',
  speaking: 'Hearing you',
  error: 'Microphone off',
}

export const heardInWords = {
  /** The microphone is off already. */
  lastWords: 'Writing down your last words',
  sent: 'Each sentence is sent when you pause',
  drafted: 'What you say goes into your message',
} as const

/** What the button of a message says, and what is told when it can't be read. */
export const speechInWords = {
  start: 'Read aloud',
  stop: 'Stop reading',
  loading: 'Preparing to read',
  playing: 'Reading aloud',
  blocked: 'The browser plays no sound yet. Press any key or click on the page to hear it.',
  broken: 'The voice broke off: the connection to the server was lost.',
  other: 'This browser can’t play the sound of the answer.',
  nothing: 'There is nothing in it to read aloud.',
} as const
