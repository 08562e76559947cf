import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { transcriptionSchema } from '../../portal/stt-request.ts'
import { spokenSchema } from '../../portal/tts-request.ts'
import { Refusal } from '../api/refusal.ts'
import { type Api, route } from '../api/route.ts'
import type { CoreJobs } from '../core-job.ts'
import { apiProblems } from '../messages.ts'
import { Turns } from '../turns.ts'
import { receiveForm } from './form.ts'
import type { UsableModels } from './models.ts'
import { anyModel, definedOnly } from './sampling.ts'
import { subtitles } from './subtitles.ts'
import { tempFolder } from './temp-folder.ts'
import { optional } from './optional.ts'

const speechSchema = z.object({
  model: anyModel,
  input: z.string().trim().min(1).max(200_000),
  voice: optional(z.string().max(100)),
  response_format: optional(z.enum(['mp3', 'opus', 'wav', 'pcm'], 'mp3, opus, wav or pcm (16 bit, mono)')),
  speed: optional(z.number().min(0.5).max(2)),
})

/** Clients have to name one; they mean whichever is there. */
const theirVoices = new Set(
  'alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse'.split(' '),
)
const types = { mp3: 'audio/mpeg', opus: 'audio/ogg', wav: 'audio/wav', pcm: 'audio/pcm' } as const

const transcriptionForm = z.object({
  model: anyModel,
  response_format: z.enum(['json', 'text', 'verbose_json', 'srt', 'vtt']).default('json'),
  stream: z.literal('false', 'a transcription comes as a whole').optional(),
})
/** Programs that were written for OpenAI often have these built in. */
const theirModels = new Set(
  'tts-1 tts-1-hd gpt-4o-mini-tts whisper-1 gpt-4o-transcribe gpt-4o-mini-transcribe'.split(' '),
)
/** Of one user at a time: each is a file on the disk of the server. */
const mostAtOnce = 8
export const formPath = '/v1/audio/transcriptions'
/** OpenAI takes 25 MB. */
const largestRecording = 100 * 1024 * 1024

export function audioRoutes(api: Api, jobs: CoreJobs, models: UsableModels): void {
  const turns = new Turns(mostAtOnce)
  route(
    api,
    {
      method: 'POST',
      path: '/v1/audio/speech',
      access: 'user',
      scope: 'voice',
      summary: "A text read aloud, as a file, in OpenAI's form",
      body: speechSchema,
      bodyLimit: 2 * 1024 * 1024,
      reply: { type: 'audio/mpeg', about: 'MP3, or what response_format says' },
    },
    async ({ body, reply }) => {
      await using temp = tempFolder()
      const { response_format: given, voice, speed } = body
      const format = given ?? 'mp3'
      const request = {
        kind: 'speak',
        text: body.input,
        format: format === 'pcm' ? 'pcm16' : format,
        ...definedOnly({
          model: named(body.model, models),
          voice: voice === undefined || theirVoices.has(voice) ? undefined : voice,
          speed: speed,
        }),
      }
      const filesTo = await temp.path()
      const result = await jobs.run({ service: 'tts', request, filesTo }, reply.raw)
      const { file, sampleRate } = spokenSchema.parse(result)
      const path = join(filesTo, file)
      // Of samples alone nobody could tell it.
      if (format === 'pcm') reply.header('x-sample-rate', String(sampleRate))
      reply.header('content-length', String((await stat(path)).size))
      await reply.type(types[format]).send(createReadStream(path))
    },
  )
  route(
    api,
    {
      method: 'POST',
      path: formPath,
      access: 'user',
      scope: 'voice',
      summary:
        "The words of a recording, in OpenAI's form: multipart/form-data with file, model, response_format",
      body: 'bytes',
      reply: { type: 'application/json', about: '{text}, or what response_format says' },
    },
    async ({ who, request, reply }) => {
      using _turn = turns.take(who.name)
      await using temp = tempFolder()
      const from = join(await temp.path(), 'recording')
      const form = await receiveForm(request, from, largestRecording)
      if (!form.hasFile) throw new Refusal(400, apiProblems.badField('body', 'file', 'is missing'))
      const fields = transcriptionForm.safeParse(form.fields)
      if (!fields.success) {
        const [issue] = fields.error.issues
        const field = issue?.path.join('.') ?? ''
        throw new Refusal(400, apiProblems.badField('body', field, issue?.message ?? ''))
      }
      const { response_format: format } = fields.data
      const model = named(fields.data.model, models)
      const asked = { kind: 'transcribe', file: 'recording', ...definedOnly({ model }) }
      const files = [{ name: 'recording', from }]
      const result = await jobs.run({ service: 'stt', request: asked, files }, reply.raw)
      const { text, segments, audioSeconds } = transcriptionSchema.parse(result)
      if (format === 'text') return void (await reply.type('text/plain; charset=utf-8').send(`${text}\n`))
      if (format === 'srt' || format === 'vtt')
        return void (await reply.type('text/plain; charset=utf-8').send(subtitles(segments, format)))
      const more = {
        task: 'transcribe',
        duration: audioSeconds,
        segments: segments.map((segment, id) => ({ id, ...segment })),
      }
      await reply
        .type('application/json')
        .send(JSON.stringify({ text, ...(format === 'verbose_json' ? more : {}) }))
    },
  )
}

/** A name of OpenAI's that no model has here means whichever is there. */
function named(model: string | undefined, models: UsableModels): string | undefined {
  if (model === undefined || !theirModels.has(model)) return model
  return models.usable().some(({ id }) => id === model) ? model : undefined
}
