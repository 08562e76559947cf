import type { ErrorObject } from './protocol.ts'

/** Every sentence that a realtime client can get in an `error` event. */
type Words = Pick<ErrorObject, 'type' | 'code' | 'message'> & { param?: string }

const request = (code: string, message: string, param?: string): Words => ({
  type: 'invalid_request_error',
  code,
  message,
  ...(param === undefined ? {} : { param }),
})
const server = (code: string, message: string): Words => ({ type: 'server_error', code, message })

export const words = {
  invalidJson: () =>
    request('invalid_json', 'The message is not JSON text. Send one JSON object in each text message.'),
  binary: () =>
    request(
      'invalid_json',
      'Binary messages are not understood. Send audio as base64 in input_audio_buffer.append.',
    ),
  unknownEvent: (type: string, known: readonly string[]) =>
    request(
      'unknown_event',
      `There is no event '${type.slice(0, 80)}' here. Known: ${known.join(', ')}.`,
      'type',
    ),
  invalidEvent: (type: string, path: string, problem: string) =>
    request('invalid_event', `In ${type}, ${path === '' ? 'the event' : path}: ${problem}.`, path),
  invalidAudio: () => request('invalid_audio', 'The audio is not base64 of whole 16-bit samples.', 'audio'),
  audioTooLong: (bytes: number, limit: number) =>
    request(
      'audio_too_long',
      `One append may hold ${limit} bytes of audio, this one holds ${bytes}. Send smaller pieces.`,
      'audio',
    ),
  bufferFull: (limit: number) =>
    request(
      'input_audio_buffer_full',
      `More than ${limit} bytes of audio wait for the engine; this piece was dropped. Send slower.`,
      'audio',
    ),
  commitEmpty: (ms: number) =>
    request(
      'input_audio_buffer_commit_empty',
      `A commit needs at least 100 ms of audio, the buffer holds ${ms} ms.`,
    ),
  commitSilent: () =>
    request('input_audio_buffer_commit_empty', 'There was no open speech in the buffer to commit.'),
  settingsFixed: (what: string) =>
    request(
      'session_settings_fixed',
      `The ${what} can't change after the first audio. Open a new connection for it.`,
      'session.audio.input',
    ),
  engineUnavailable: (seconds: number) =>
    server(
      'engine_unavailable',
      `No speech engine answered within ${seconds} s. Is core running? See: courante status. The next audio tries again.`,
    ),
  engineLost: () =>
    server(
      'engine_lost',
      'The speech engine ended in the middle. What it had not finished is lost; the next audio starts a new one.',
    ),
  engineRefused: (code: string, message: string, todo: string | undefined) =>
    server(code, todo === undefined ? message : `${message} ${todo}`),
} as const
export type { Words }
