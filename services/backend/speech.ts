import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { wavHead } from '../../lib/wav.ts'
import { readCore } from '../../models/core-view.ts'
import type { Job, PortalClient } from '../portal/client.ts'
import type { Result } from '../portal/request.ts'
import { speechLineSchema } from '../portal/tts-request.ts'
import { jobProblem } from './api/job-problem.ts'
import { Refusal } from './api/refusal.ts'
import { route, type Api } from './api/route.ts'
import type { CoreWatch } from './core-watch.ts'
import { apiProblems, log } from './messages.ts'

/** Of one user at a time: who reads none of them holds their samples in files, and in memory when they are read. */
const mostAtOnce = 4
/** How long a job that was cancelled may take to say so; the service's sweep clears up after those that take longer. */
const withdrawMs = 1000
/** In a head that is written before anybody knows the length: "to the end". */
const openEnd = 0xffff_ffff

const bodySchema = z.strictObject({
  text: z.string().trim().min(1).max(20_000),
  /** One of the model's voices. */
  voice: z.string().min(1).max(100).optional(),
  /** 1 is the voice's own pace. */
  speed: z.number().min(0.5).max(2).optional(),
})

export interface SpeechOptions {
  readonly home: string
  readonly portal: PortalClient
  readonly core: CoreWatch
  readonly stopping: AbortSignal
}

/** `POST /api/speech`: a text read aloud, sentence by sentence as it is made. */
export function speechRoutes(api: Api, { home, portal, core, stopping }: SpeechOptions): void {
  const running = new Map<string, number>()
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
      if (readCore(home) === undefined) throw new Refusal(503, apiProblems.coreAbsent())
      const count = running.get(who.name) ?? 0
      if (count >= mostAtOnce)
        throw new Refusal(429, apiProblems.tooManySpeeches(mostAtOnce), { 'retry-after': '5' })
      running.set(who.name, count + 1)
      const life = new AbortController()
      reply.raw.on('close', () => life.abort('gone'))
      const stop = core.on(now => {
        if (now === undefined) life.abort('no core')
      })
      try {
        await read(body, reply, AbortSignal.any([life.signal, stopping]))
      } finally {
        stop()
        const left = (running.get(who.name) ?? 1) - 1
        if (left === 0) running.delete(who.name)
        else running.set(who.name, left)
      }
    },
  )
  const read = async (body: Body, reply: FastifyReply, signal: AbortSignal): Promise<void> => {
    using job = await portal.submit({ kind: 'speak', ...body, format: 'pcm16', stream: true })
    let result: Result
    try {
      await speak(job, signal, sampleRate => begin(reply, sampleRate))
      result = await job.wait(signal)
    } catch (error) {
      await withdraw(job)
      const why = signal.reason === 'no core' ? apiProblems.coreAbsent() : apiProblems.stopping()
      if (!reply.sent) throw signal.aborted ? new Refusal(503, why, { 'retry-after': '1' }) : error
      if (!signal.aborted) api.log(log.failed('POST', '/api/speech', error))
      // A cut, and no end: half a text must not pass for a whole one.
      return void reply.raw.destroy()
    }
    if (!reply.sent)
      throw result.ok
        ? new Refusal(400, apiProblems.nothingToSay())
        : new Refusal(...jobProblem(result.error))
    if (result.ok) reply.raw.end()
    else reply.raw.destroy()
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
    if (response?.write(news) === false) await once(response, 'drain', { signal })
  }
}

function begin(reply: FastifyReply, sampleRate: number): ServerResponse {
  reply.hijack()
  const { raw } = reply
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value)
  raw.on('error', () => raw.destroy())
  raw.writeHead(200, { 'content-type': 'audio/wav', 'x-accel-buffering': 'no' })
  raw.write(wavHead(openEnd, sampleRate))
  return raw
}

/** Leaves nothing behind, neither work nor an answer. */
async function withdraw(job: Job): Promise<void> {
  if (!job.isEnded()) await job.cancel()
  const patience = AbortSignal.timeout(withdrawMs)
  try {
    await job.wait(patience)
  } catch (error) {
    if (error !== patience.reason) throw error
  }
}
