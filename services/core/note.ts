import { paintedSchema } from '../portal/image-request.ts'
import { embeddedSchema, type Generated, generatedSchema, rankedSchema } from '../portal/llm-request.ts'
import { transcriptionSchema } from '../portal/stt-request.ts'
import { spokenSchema } from '../portal/tts-request.ts'
import type { EngineRequest } from './engine.ts'

/** What an engine's answer comes to, in a few words for the log, and the figures of generated text. */
export function noteOf(
  request: EngineRequest,
  body: Readonly<Record<string, unknown>>,
): { readonly note: string; readonly generated?: Pick<Generated, 'usage' | 'timings'> } {
  switch (request.kind) {
    case 'chat':
    case 'complete': {
      const parsed = generatedSchema.pick({ usage: true, timings: true }).safeParse(body)
      if (!parsed.success) return { note: '' }
      const { usage, timings } = parsed.data
      const rate = timings.tokensPerSecond === undefined ? '' : `, ${timings.tokensPerSecond.toFixed(0)}/s`
      return {
        note: `${usage.completionTokens} tokens in ${inSeconds(timings.total)}${rate}`,
        generated: parsed.data,
      }
    }
    case 'embed': {
      const parsed = embeddedSchema.shape.embeddings.safeParse(body['embeddings'])
      return { note: `${parsed.data?.length ?? 0} embeddings` }
    }
    case 'rerank': {
      const parsed = rankedSchema.shape.ranking.safeParse(body['ranking'])
      return { note: `${parsed.data?.length ?? 0} documents ranked` }
    }
    case 'paint': {
      const parsed = paintedSchema.pick({ images: true, elapsedMs: true }).safeParse(body)
      if (!parsed.success) return { note: '' }
      const { length } = parsed.data.images
      return {
        note: `${length === 1 ? 'a picture' : `${length} pictures`} in ${inSeconds(parsed.data.elapsedMs)}`,
      }
    }
    case 'transcribe': {
      const parsed = transcriptionSchema.pick({ audioSeconds: true, elapsedMs: true }).safeParse(body)
      if (!parsed.success) return { note: '' }
      return { note: `${parsed.data.audioSeconds.toFixed(1)} s of audio in ${parsed.data.elapsedMs} ms` }
    }
    case 'session':
      return {
        note: `session ended: ${String(body['utterances'])} utterances in ${Number(body['audioSeconds']).toFixed(1)} s of audio`,
      }
    case 'speak': {
      const parsed = spokenSchema.pick({ audioSeconds: true, elapsedMs: true }).safeParse(body)
      if (!parsed.success) return { note: '' }
      return { note: `${parsed.data.audioSeconds.toFixed(1)} s of speech in ${parsed.data.elapsedMs} ms` }
    }
  }
}

function inSeconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
