import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { type Attachment, type Job, PortalClient, type RequestInput } from '../../services/portal/client.ts'
import { durabilityOf } from '../../services/portal/disk.ts'
import { userFolders } from '../../services/portal/layout.ts'
import { type Result, type Status, statusSchema } from '../../services/portal/request.ts'
import { withdraw } from '../../services/portal/withdraw.ts'
import { coreComes, supervisorLives, whileCoreLives } from './core-life.ts'
import { coreProblems, waitWords } from './messages.ts'
import { StatusLine } from './status-line.ts'

/** How often what a job waits for is looked at, for a person. */
const lookMs = 150

/** What core is to do. */
export interface Order {
  readonly service: 'llm' | 'stt' | 'tts' | 'image'
  readonly request: RequestInput
  readonly files?: readonly Attachment[]
  /** Where files of the result are put. */
  readonly filesTo?: string
  /** Each line of the job's stream. What it throws withdraws the job. */
  readonly onLine?: (line: unknown) => void | Promise<void>
  /** The engine ended after it had said something; what it said is said anew from here on. */
  readonly onRestart?: () => void
  /** What is shown while it is worked on and nothing has been written. */
  readonly busy?: () => string
  /** `onLine` writes nothing, so that the status may stay. */
  readonly wordless?: boolean
}

export type Done = Extract<Result, { ok: true }>
export type Settled = Done | Extract<Result, { ok: false }>

/**
 * Has core do something, and waits for the result as long as core lives. Withdrawn when the signal aborts, whose reason
 * it then throws, and for any other failure: a ProblemError if core is not there.
 */
export async function runJob(order: Order, { home, io }: { home: string; io: Io }): Promise<Settled> {
  const { service, request, files } = order
  if (!(await coreComes(home, io.signal))) {
    throw new ProblemError(coreProblems.notRunning(service, await supervisorLives(home)))
  }
  const spool = join(home, 'portals')
  const user = userInfo().username
  using client = new PortalClient({ spool, service, user, durability: durabilityOf(io.env) })
  using status = new StatusLine(io.stderr)
  const { signal } = io
  const submitting = client.submit(request, files === undefined ? { signal } : { files, signal })
  const job = await submitting.catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException
    throw code === undefined ? error : new ProblemError(coreProblems.notSubmitted(spool, code))
  })
  const live = join(userFolders(spool, service, user).live, job.id, 'status.json')
  try {
    return await whileCoreLives(home, { signal, isOver: () => job.isEnded() }, signal =>
      follow(job, order, {
        signal,
        status,
        live,
        shared: io.stdout.isTTY === true && order.wordless !== true,
      }),
    )
  } catch (error) {
    status.show('')
    await withdraw(job)
    throw error
  }
}

interface Following {
  readonly signal: AbortSignal
  readonly status: StatusLine
  readonly live: string
  /** What is written goes to the same terminal as the status. */
  readonly shared: boolean
}

async function follow(job: Job, order: Order, { signal, status, live, shared }: Following): Promise<Settled> {
  const { onLine, onRestart, filesTo } = order
  let lines = 0
  const look = (): void => {
    if (lines === 0 || !shared) status.show(wordsOf(statusAt(live)) ?? order.busy?.() ?? '')
  }
  const timer = status.isSeen ? setInterval(look, lookMs) : undefined
  try {
    if (onLine !== undefined) {
      for await (const line of job.stream(signal, onRestart)) {
        lines++
        if (shared) status.show('')
        await onLine(line)
      }
    }
    return await job.wait(signal, filesTo === undefined ? {} : { filesTo })
  } finally {
    clearInterval(timer)
  }
}

/** As it is now. The job's own `waitForStatus` would collect the answer under the reader of the stream. */
function statusAt(path: string): Status | undefined {
  try {
    return statusSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function wordsOf(status: Status | undefined): string | undefined {
  const { stage, model = 'the model', progress = 0 } = status ?? {}
  if (stage === 'loading') return waitWords.loading(model, Math.round(progress * 100))
  return stage === 'waiting' ? waitWords.waiting(model) : undefined
}
