import { join } from 'node:path'
import { runMain } from '../../../lib/io.ts'
import { type Engine, type EngineJob, EngineError } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { Decoder } from './decoder.ts'
import type { Speech } from './listener.ts'
import { badModel, checkedFiles } from './model-check.ts'
import { runSession } from './session.ts'
import {
  newRecognizer,
  newVad,
  type Recognizer,
  recogniseBy,
  sampleRate,
  type SpeechFiles,
} from './sherpa-library.ts'
import { transcribeFile } from './transcribe-file.ts'
import { VotingTranscriber } from './voting-transcriber.ts'

/** Sessions wait for speech most of the time. */
const parallel = 32

/** Speech to text: Moonshine with Silero's voice activity. */
export const moonshine: Engine = {
  async load({ model, threads, env }) {
    const files = await checkedFiles(model)
    const decoder = new Decoder(recogniseBy(await load(files, threads)))
    newVad(files.vad, 0.5, 0.1).acceptWaveform(new Float32Array(512))
    // The first decoding allocates and is slow; nobody should have to wait for it.
    await decoder.text(new Float32Array(sampleRate), 'live', new AbortController().signal)
    const speech: Speech = {
      vad: files.vad,
      transcriber: (haste, audio) => new VotingTranscriber(decoder, haste, audio),
    }
    return { parallel, facts: { language: 'English', sampleRate }, run: job => run(job, speech, env) }
  },
}

async function load(files: SpeechFiles, threads: number): Promise<Recognizer> {
  try {
    return await newRecognizer(files, threads)
  } catch (error) {
    throw badModel(error instanceof Error ? error.message : String(error))
  }
}

async function run(
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

if (import.meta.main) await runMain(engineProgram(moonshine))
