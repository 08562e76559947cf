import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { wavHead } from '../../lib/wav.ts'
import type { Job } from '../portal/client.ts'
import { speechLineSchema } from '../portal/tts-request.ts'
import { isExpected } from './api/problem-reply.ts'
import { Refusal } from './api/refusal.ts'
import { route, type Api } from './api/route.ts'
import { begin, drained } from './begin.ts'
import type { CoreJobs } from './core-job.ts'
import { apiProblems, log } from './messages.ts'
import { Turns } from './turns.ts'

/** Of one user at a time: who reads none of them holds their samples in files, and in memory when they are read. */
const mostAtOnce = 4
/** In a head that is written before anybody knows the length: "to the end". */
const openEnd = 0xffff_ffff

const bodySchema = z.strictObject({
  text: z.string().trim().min(1).max(20_000),
  /** One of the model's voices. */
  voice: z.string().min(1).max(100).optional(),
  /** 1 is the voice's own pace. */
  speed: z.number().min(0.5).max(2).optional(),
})

/** `POST /api/speech`: a text read aloud, sentence by sentence as it is made. */
export function speechRoutes(api: Api, jobs: CoreJobs): void {
  const turns = new Turns(mostAtOnce)
  route(
    api,
    {
      method: 'POST',
      path: '/api/speech',
      access: 'user',
      scope: 'voice',
      summary: 'Read a text aloud: the audio comes sentence by sentence, as it is made',
      body: bodySchema,
      reply: {
        type: 'audio/wav',
        about: 'PCM16, mono; its head says that it goes on to the end, since nobody knows its length before',
      },
    },
    async ({ who, body, reply }) => {
      using _turn = turns.take(who.name)
      await read(body, reply)
    },
  )
  const read = async (body: Body, reply: FastifyReply): Promise<void> => {
    try {
      await jobs.run(
        {
          service: 'tts',
          request: { kind: 'speak', ...body, format: 'pcm16', stream: true },
          follow: (job, signal) => speak(job, signal, sampleRate => open(reply, sampleRate)),
        },
        reply.raw,
      )
    } catch (error) {
      if (!reply.sent) throw error
      if (!isExpected(error)) api.log(log.failed('POST', '/api/speech', error))
      // A cut, and no end: half a text must not pass for a whole one.
      return void reply.raw.destroy()
    }
    if (!reply.sent) throw new Refusal(400, apiProblems.nothingToSay())
    reply.raw.end()
  }
}

type Body = z.infer<typeof bodySchema>

async function speak(
  job: Job,
  signal: AbortSignal,
  open: (sampleRate: number) => ServerResponse,
): Promise<void> {
  let response: ServerResponse | undefined
  /** Bytes: what was sent, and where in the speech we are, which differs after a restart of the engine. */
  let sent = 0
  let at = 0
  for await (const said of job.stream(signal, () => (at = 0))) {
    const line = speechLineSchema.parse(said)
    if (line.type === 'sentence') {
      response ??= open(line.sampleRate)
      continue
    }
    const pcm = Buffer.from(line.pcm, 'base64')
    const news = pcm.subarray(Math.max(0, sent - at))
    at += pcm.length
    sent = Math.max(sent, at)
    // The next lines stay in the job's file meanwhile.
    response?.write(news)
    if (response !== undefined) await drained(response)
  }
}

function open(reply: FastifyReply, sampleRate: number): ServerResponse {
  const raw = begin(reply, 'audio/wav')
  raw.write(wavHead(openEnd, sampleRate))
  return raw
}
