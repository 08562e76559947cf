// transcribe FILE.wav [--json] [--home DIR]: speech to text from a recording
import { readFile, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { exit } from '../lib/exit.ts'
import { exitCodeOf, type Io, runMain } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { isAlive } from '../lib/process-identity.ts'
import { type Job, PortalClient } from '../services/portal/client.ts'
import { durabilityOf } from '../services/portal/disk.ts'
import { type Result, transcriptionSchema } from '../services/portal/request.ts'
import { transcribeProblems as problems } from './shared/messages.ts'
import { firstSentence, homeOf, script } from './shared/script.ts'

/** How often to look whether core is still there while waiting for it. */
const watchMs = 1000
/** A core that was killed is started again by the supervisor, and takes its work up; this long is waited for that. */
const comebackMs = 15_000

export const run = script(import.meta.filename, async (argv, io) => {
  const { file, json, home } = parseOptions(argv)
  const result = await transcribe(resolve(io.cwd, file), homeOf(home, io), io)
  if (result === 'interrupted') return exitCodeOf(String(io.signal.reason))
  if (json) io.stdout.write(`${JSON.stringify(result)}\n`)
  if (!result.ok) throw new ProblemError(problems.refused(result.error))
  if (!json) io.stdout.write(`${transcriptionSchema.parse(result).text}\n`)
  return exit.ok
})

function parseOptions(argv: readonly string[]): { file: string; json: boolean; home: string | undefined } {
  let parsed
  try {
    const options = { json: { type: 'boolean' }, home: { type: 'string' } } as const
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true })
  } catch (error) {
    throw new ProblemError(problems.usage(firstSentence(error)), { cause: error })
  }
  const [file, ...more] = parsed.positionals
  if (file === undefined) throw new ProblemError(problems.usage('a WAV file is missing'))
  if (more.length > 0) throw new ProblemError(problems.usage('one file at a time'))
  return { file, json: parsed.values.json === true, home: parsed.values.home }
}

async function transcribe(path: string, home: string, io: Io): Promise<Result | 'interrupted'> {
  await assertFile(path)
  if (!(await coreLives(home))) throw new ProblemError(problems.notRunning())
  using client = new PortalClient({
    spool: join(home, 'portals'),
    service: 'stt',
    user: userInfo().username,
    durability: durabilityOf(io.env),
  })
  let job: Job | undefined
  try {
    job = await client.submit(
      { kind: 'transcribe', file: 'audio.wav' },
      { files: [{ name: 'audio.wav', from: path }], signal: io.signal },
    )
    return await waitWhileCoreLives(job, home, io.signal)
  } catch (error) {
    if (io.signal.aborted) {
      await job?.cancel()
      return 'interrupted'
    }
    if (error instanceof ProblemError) await job?.cancel()
    throw error
  }
}

async function assertFile(path: string): Promise<void> {
  try {
    if (!(await stat(path)).isFile()) throw Object.assign(new Error('not a file'), { code: 'not a file' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new ProblemError(problems.unreadable(path, code), { cause: error })
  }
}

/** Throws `coreEnded` when core was gone for too long. */
async function waitWhileCoreLives(job: Job, home: string, signal: AbortSignal): Promise<Result> {
  const gone = new AbortController()
  let lastSeen = performance.now()
  const look = async () => {
    if (await coreLives(home)) lastSeen = performance.now()
    else if (performance.now() - lastSeen > comebackMs) gone.abort(new ProblemError(problems.coreEnded()))
  }
  const timer = setInterval(() => {
    look().catch((error: unknown) => gone.abort(error))
  }, watchMs)
  try {
    return await job.wait(AbortSignal.any([signal, gone.signal]))
  } finally {
    clearInterval(timer)
  }
}

const coreSchema = z.object({ pid: z.number(), started: z.string(), boot: z.string() })

async function coreLives(home: string): Promise<boolean> {
  try {
    return isAlive(coreSchema.parse(JSON.parse(await readFile(join(home, 'run/core.json'), 'utf8'))))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

if (import.meta.main) await runMain(run)
