import { join } from 'node:path'
import { loadCatalog } from '../../models/catalog.ts'
import { fetchModel } from '../../models/fetch.ts'
import { resolveModel, type Model } from '../../models/model.ts'
import { checkSizes } from '../../models/verify.ts'

const root = join(import.meta.dirname, '../..')

/** Where the models that tests use lie: the repo's own folder, so that `up` finds them too. */
export const modelsDir = join(root, 'models/files')

/** 11 s of speech, 16 kHz mono, public domain: Kennedy's inaugural address. */
export const speech = {
  path: join(root, 'node_modules/.cache/courante-test/speech/jfk.wav'),
  words:
    'and so my fellow americans ask not what your country can do for you ask what you can do for your country',
  seconds: 11,
}

/** Whether the real models and the sample are here; `npm test` fetches them before the tests. */
export function haveSpeech(): boolean {
  return [...speechModels(), sample].every(isPresent)
}

/** Those, and the model that speaks. */
export function haveVoices(): boolean {
  return haveSpeech() && voices().every(isPresent)
}

/** Lower case, without punctuation: how a transcript is compared. */
export function plainWords(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z' ]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

export function speechModels(): Model[] {
  return fromCatalog(['moonshine-tiny', 'silero-vad'])
}

function voices(): Model[] {
  return fromCatalog(['espeak-ng'])
}

function fromCatalog(ids: readonly string[]): Model[] {
  const catalog = loadCatalog()
  return ids
    .map(id => resolveModel(id, catalog, { dir: root, modelsDir }))
    .filter(model => model !== undefined)
}

const isPresent = (model: Model): boolean => checkSizes(model).type === 'present'

/** The sample comes with the sources of whisper.cpp, which an npm package carries. */
const sample: Model = {
  id: 'speech',
  why: 'the tests',
  licence: 'public domain',
  from: {
    npm: 'nodejs-whisper',
    version: '0.3.1',
    integrity:
      'sha512-ceoilUVraRuR5FnNyXpGQT2auAR48Oc3AQBEmkXnVpSn9iN6yVRzQBFCqVTGWbk6Wdi95NhvwXNzFvuR7erLWw==',
    bytes: 5_660_411,
  },
  base: join(root, 'node_modules/.cache/courante-test'),
  folder: join(root, 'node_modules/.cache/courante-test/speech'),
  files: [
    {
      path: 'jfk.wav',
      entry: 'package/cpp/whisper.cpp/bindings/go/samples/jfk.wav',
      bytes: 352_078,
      sha256: '59dfb9a4acb36fe2a2affc14bacbee2920ff435cb13cc314a08c13f66ba7860e',
    },
  ],
}

/** Fetches what is missing of them; returns what went wrong, in words. */
export async function fetchSpeech(signal: AbortSignal): Promise<string[]> {
  const faults: string[] = []
  for (const model of [...speechModels(), ...voices(), sample]) {
    if (isPresent(model)) continue
    const problem = await fetchModel(model, { env: process.env, cwd: root, signal })
    if (problem !== undefined) faults.push(problem.what)
  }
  return faults
}
