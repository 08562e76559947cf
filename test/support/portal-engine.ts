import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { encodeJsonFrame, frameType, readFrames } from '../../lib/frames.ts'
import { runMain, type Io } from '../../lib/io.ts'
import { sttRequestSchema } from '../../services/portal/stt-request.ts'
import { PortalWorker, type ClaimedJob, type Outcome } from '../../services/portal/worker.ts'

const errorSchema = z.object({ code: z.string(), message: z.string(), todo: z.string() })

/**
 * Stands in for core in a test: serves session jobs through the real portal, with a voice detector for which any sample
 * other than zero is speech, and no model. The one argument is JSON that steers it.
 */
const steering = z.object({
  /** What it "hears", one text an utterance; then empty ones, which it drops. */
  texts: z.array(z.string()).default([]),
  /** Said at the start of each utterance, as an engine that writes while somebody speaks says more and more. */
  partials: z.array(z.string()).default([]),
  /** Ends its process, as a crash would, when it has heard so much audio. */
  dieAtMs: z.number().optional(),
  /** Answers each job with this error. */
  refuse: errorSchema.optional(),
  /** Hangs up when it has heard 200 ms, and answers with this error. */
  hangUp: errorSchema.optional(),
  /** Takes the connection and reads nothing from it. */
  deaf: z.boolean().default(false),
})
type Steering = z.infer<typeof steering>
type SessionJob = ClaimedJob<z.infer<typeof sttRequestSchema>>

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const steer = steering.parse(JSON.parse(argv[0] ?? '{}'))
  const say = (line: string): void => void io.stdout.write(`${line}\n`)
  const sockets = io.env['COURANTE_SOCKETS'] ?? io.cwd
  const worker = new PortalWorker({
    spool: join(io.env['COURANTE_HOME'] ?? io.cwd, 'portals'),
    service: 'stt',
    schema: sttRequestSchema,
    handle: job => serve(job, steer, join(sockets, `${job.id.slice(-8)}.sock`), say),
    log: say,
  })
  await worker.start()
  say('core ready')
  if (!io.signal.aborted) await once(io.signal, 'abort')
  await worker.stop()
  return 0
}

async function serve(
  job: SessionJob,
  steer: Steering,
  path: string,
  say: (line: string) => void,
): Promise<Outcome> {
  if (steer.refuse !== undefined) return { type: 'failed', error: steer.refuse }
  if (job.request.kind !== 'session') throw new Error('only sessions are served here')
  const { sampleRate, endpointMs } = job.request
  const server = createServer({ pauseOnConnect: true })
  server.listen(path)
  await once(server, 'listening')
  // Listened for before the path is told, or a fast client is missed.
  const connected = once(server, 'connection', { signal: job.signal })
  connected.catch(() => undefined)
  await job.setStatus({ state: 'running', socket: path })
  try {
    const [socket] = (await connected) as [Socket]
    const cut = (): void => void socket.destroy()
    job.signal.addEventListener('abort', cut)
    socket.on('error', cut)
    say(`session ${sampleRate} ${endpointMs}`)
    if (steer.deaf) await once(socket, 'close', { signal: job.signal })
    else await listen(socket, new Ear(socket, sampleRate, endpointMs, steer, say), say)
  } catch (error) {
    if (steer.hangUp !== undefined) return { type: 'failed', error: steer.hangUp }
    if (!job.signal.aborted) throw error
  } finally {
    server.close()
  }
  say('session over')
  return { type: 'done', body: { utterances: 0, audioSeconds: 0 } }
}

async function listen(socket: Socket, ear: Ear, say: (line: string) => void): Promise<void> {
  for await (const { type, payload } of readFrames(socket)) {
    if (type === frameType.bytes) {
      ear.hear(payload)
      continue
    }
    const control = z
      .object({ type: z.enum(['commit', 'clear', 'end']) })
      .parse(JSON.parse(payload.toString()))
    say(`control ${control.type}`)
    if (control.type === 'commit') ear.commit()
    if (control.type === 'clear') ear.clear()
    if (control.type === 'end') {
      ear.end()
      return
    }
  }
}

class Ear {
  readonly #socket: Socket
  readonly #perMs: number
  readonly #endpointMs: number
  readonly #steer: Steering
  readonly #say: (line: string) => void
  #samples = 0
  #open: { item: string; startMs: number; lastMs: number } | undefined
  #count = 0

  constructor(
    socket: Socket,
    sampleRate: number,
    endpointMs: number,
    steer: Steering,
    say: (line: string) => void,
  ) {
    this.#say = say
    this.#socket = socket
    this.#perMs = sampleRate / 1000
    this.#endpointMs = endpointMs
    this.#steer = steer
  }

  hear(pcm: Buffer): void {
    for (let at = 0; at + 1 < pcm.length; at += 2) {
      this.#samples++
      const now = this.#samples / this.#perMs
      if (now >= (this.#steer.dieAtMs ?? Infinity)) process.exit(9)
      if (this.#steer.hangUp !== undefined && now >= 200) return void this.#socket.destroy()
      if (pcm.readInt16LE(at) !== 0) {
        this.#open ??= this.#start(now)
        this.#open.lastMs = now
      } else if (this.#open !== undefined && now - this.#open.lastMs >= this.#endpointMs) {
        this.#close()
      }
    }
  }

  commit(): void {
    const item = this.#open?.item ?? null
    this.#close()
    this.#send({ type: 'committed', item })
  }

  clear(): void {
    if (this.#open !== undefined) this.#send({ type: 'dropped', item: this.#open.item })
    this.#open = undefined
  }

  end(): void {
    this.#close()
    this.#send({ type: 'ended', utterances: this.#count, audioSeconds: this.#samples / this.#perMs / 1000 })
    this.#socket.end()
  }

  #start(now: number): { item: string; startMs: number; lastMs: number } {
    const item = `u${++this.#count}`
    this.#send({ type: 'speech_started', item, atMs: now })
    for (const text of this.#steer.partials) this.#send({ type: 'partial', item, text })
    this.#say('heard speech')
    return { item, startMs: now, lastMs: now }
  }

  #close(): void {
    if (this.#open === undefined) return
    const { item, startMs, lastMs } = this.#open
    this.#open = undefined
    this.#send({ type: 'speech_stopped', item, atMs: lastMs })
    const text = this.#steer.texts.shift() ?? ''
    this.#send(
      text === '' ? { type: 'dropped', item } : { type: 'final', item, text, startMs, endMs: lastMs },
    )
  }

  #send(event: unknown): void {
    this.#socket.write(encodeJsonFrame(event))
  }
}

if (import.meta.main) await runMain(run)
