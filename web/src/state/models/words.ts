import type { Model, Models } from '../../../../services/backend/protocol.ts'
import { bytes, duration, share } from '../format.ts'

export type Tone = 'good' | 'waiting' | 'bad' | 'plain'

export const kindInWords: Record<Model['kind'], { title: string; about: string }> = {
  llm: { title: 'Language', about: 'What agents think with.' },
  stt: { title: 'Speech to text', about: 'What hears you.' },
  tts: { title: 'Text to speech', about: 'What reads answers aloud.' },
  image: { title: 'Images', about: 'What draws.' },
  embedding: { title: 'Embeddings', about: 'What compares texts by their meaning.' },
  rerank: { title: 'Reranking', about: 'What orders texts by how well they answer a question.' },
  vad: { title: 'Speech detection', about: 'What tells speech from silence, for the microphone.' },
}

export const originInWords: Record<Model['origin'], string> = {
  shipped: 'Comes with Courante',
  catalog: 'Catalog',
  yours: 'Yours, in models.yaml',
  ollama: 'Of Ollama',
  lmstudio: 'Of LM Studio',
  huggingface: 'Of Hugging Face’s cache',
}

/** What a model does right now. `core`: whether anything can load it. */
export function stateInWords(model: Model, core: Models['core']): { words: string; tone: Tone } {
  const { state, download } = model
  switch (state.type) {
    case 'absent':
      if (state.problem !== undefined) return { words: 'download ended', tone: 'bad' }
      if (download === null) return { words: 'not here', tone: 'plain' }
      return { words: `not installed: ${bytes(download.bytes)}`, tone: 'plain' }
    case 'fetching':
      return { words: `getting it, ${share(state.bytes / state.total)}`, tone: 'waiting' }
    case 'installed':
      if (problemOfModel(model) !== undefined) return { words: 'could not be loaded', tone: 'bad' }
      if (model.engine === '') return { words: 'a part of other models', tone: 'plain' }
      return core === 'absent' ? { words: 'no core', tone: 'waiting' } : { words: 'installed', tone: 'plain' }
    case 'loading':
      return { words: `loading ${share(state.progress)}`, tone: 'waiting' }
    case 'ready':
      return state.inFlight > 0
        ? { words: 'in memory, working', tone: 'good' }
        : { words: 'in memory', tone: 'good' }
    case 'unloading':
      return { words: 'leaving memory', tone: 'waiting' }
  }
}

/** Why the last try to get or to load it failed. */
export function problemOfModel({ state }: Model) {
  return state.type === 'absent' || state.type === 'installed' ? state.problem : undefined
}

/** What a model in memory does: "2 answers at once, 3 waiting", "used 4 min ago". */
export function activityInWords({ state }: Model): string | undefined {
  if (state.type !== 'ready') return undefined
  const waiting = state.waiting > 0 ? `, ${state.waiting} waiting` : ''
  if (state.inFlight > 0) return `${state.inFlight} of ${state.parallel} at work${waiting}`
  if (waiting !== '') return `${state.waiting} waiting`
  return state.idleMs === null ? undefined : `used ${duration(state.idleMs)} ago`
}

/** How a download stands: "276 MB of 640 MB · 12 MB/s · 30 s left". */
export function progressInWords(got: number, total: number, rate: number | undefined): string {
  const parts = [`${bytes(got)} of ${bytes(total)}`]
  if (rate !== undefined && rate > 0) {
    parts.push(`${bytes(rate)}/s`)
    // Files come whole long before they are checked and unpacked.
    if (got < total) parts.push(`${duration(((total - got) / rate) * 1000)} left`)
  }
  return parts.join(' · ')
}
