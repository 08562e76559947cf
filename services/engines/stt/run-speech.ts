import { join } from 'node:path'
import { type EngineJob, EngineError } from '../../core/engine.ts'
import type { Speech } from './listener.ts'
import { runSession } from './session.ts'
import { transcribeFile } from './transcribe-file.ts'

/** What every engine that hears does with a request, whatever makes its text. */
export async function runSpeech(
  job: EngineJob,
  speech: Speech,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Readonly<Record<string, unknown>>> {
  const { request, folder, socket, signal } = job
  switch (request.kind) {
    case 'transcribe': {
      const before = performance.now()
      const done = await transcribeFile(join(folder, request.file), speech, {
        env,
        signal,
        say: line => job.say(line),
      })
      return { ...done, elapsedMs: Math.round(performance.now() - before) }
    }
    case 'session': {
      const { sampleRate, endpointMs } = request
      const setup = { socket, sampleRate, endpointMs, speech }
      return { ...(await runSession(setup, () => job.listening(), signal)) }
    }
    default:
      throw new EngineError({ reason: 'unsupported', what: request.kind })
  }
}
