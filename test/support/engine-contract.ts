import { deepEqual, equal, ok } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { isFile } from '../../lib/is-file.ts'
import type { EngineFailure, EngineModel, EngineRequest } from '../../services/core/engine.ts'
import { EngineRig } from './engine-rig.ts'
import { root } from './our-stack.ts'
import { tempDir } from './temp.ts'

export interface ContractSubject {
  /** From the root of the repository. */
  readonly program: string
  readonly model: EngineModel
  /** What it was tried against, where that is not a model's own files: `a stub of whisper-server`. */
  readonly against?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Requests that it answers. */
  readonly good: readonly GoodRequest[]
  /** Requests that it declines, with why. */
  readonly bad: readonly BadRequest[]
  /** Models that it can not load, with why. */
  readonly unloadable: readonly { readonly model: EngineModel; readonly reason: EngineFailure['reason'] }[]
  /** One that says its first line (or listens) long before its end. */
  readonly long?: { readonly request: EngineRequest; readonly attachments?: readonly string[] }
}

interface GoodRequest {
  readonly request: EngineRequest
  readonly attachments?: readonly string[]
  /** Throws for a result that is not right. */
  readonly check: (body: Readonly<Record<string, unknown>>, lines: readonly unknown[], out: string) => void
}

interface BadRequest {
  readonly request: EngineRequest
  readonly attachments?: readonly string[]
  readonly reason: EngineFailure['reason']
}

/**
 * What core relies on with every engine. Call it inside of a suite; its model loads some six times. The names of these
 * suites and tests are the table of docs/engines.md (engine-table.ts).
 */
export function engineContract(subject: ContractSubject): void {
  const against = subject.against === undefined ? '' : `, ${subject.against}`
  suite(`${contractOf}${subject.program}${against}`, () => contract(subject))
}

export const contractOf = 'the contract: '

function contract(subject: ContractSubject): void {
  const { program, model, good, bad, unloadable, long } = subject
  const env = subject.env ?? {}
  const start = (): Promise<EngineRig> => EngineRig.start({ program, model, env })

  test('answers good requests, one after the other and as many at once as it says', async () => {
    await using rig = await start()
    const { parallel } = rig.loaded
    for (const { request, attachments, check } of good) {
      const { body, lines, out } = await rig.result(request, attachments)
      check(body, lines, out)
    }
    const many = Array.from({ length: Math.min(parallel, 8) }, (_, at) => good[at % good.length]!)
    await Promise.all(
      many.map(async ({ request, attachments, check }) => {
        const { body, lines, out } = await rig.result(request, attachments)
        check(body, lines, out)
      }),
    )
  })

  test('declines bad requests with a reason, and goes on', async () => {
    await using rig = await start()
    for (const { request, attachments, reason } of bad) {
      const failure = await rig.failure(request, attachments)
      equal(failure.reason, reason, JSON.stringify({ request, failure }).slice(0, 2000))
      const again = good[0]!
      const { body, lines, out } = await rig.result(again.request, again.attachments)
      again.check(body, lines, out)
    }
  })

  test('tells what it takes before it says that it is loaded', async () => {
    await using rig = await start()
    const types = rig.events.map(event => event.type).filter(type => type !== 'loading')
    // A slow load has more than one sign of life.
    deepEqual([...new Set(types)].slice(0, 3), ['spawned', 'memory', 'loaded'])
    ok(rig.loaded.parallel >= 1)
    const progress = rig.events.flatMap(event => (event.type === 'loading' ? [event.progress] : []))
    ok(
      progress.every(part => part >= 0 && part <= 1),
      `progress ${progress.join(' ')}`,
    )
  })

  if (Object.keys(model.files).length > 0)
    test('refuses an empty file, and one of another kind, in the place of each of its own', async () => {
      await using dir = await tempDir()
      const empty = join(dir.path, 'empty')
      await writeFile(empty, '')
      const foreign = await foreignFiles(dir.path)
      for (const [role, path] of Object.entries(model.files)) {
        if (!(await isFile(path))) continue
        for (const other of [empty, path.endsWith('.gguf') ? foreign.picture : foreign.gguf]) {
          const wrong = { ...model, files: { ...model.files, [role]: other } }
          await using rig = await EngineRig.start({ program, model: wrong, env })
          const story = `${role}: ${other}: ${JSON.stringify(rig.events)}`
          ok(rig.loadFailure !== undefined, story)
          ok(['bad_model', 'missing_files'].includes(rig.loadFailure.reason), story)
        }
      }
    })

  for (const { model, reason } of unloadable)
    test(`says ${reason} of a model that it can not load: ${JSON.stringify(model.files)}`, async () => {
      await using rig = await EngineRig.start({ program, model, env })
      equal(rig.loadFailure?.reason, reason, JSON.stringify(rig.events))
    })

  if (long !== undefined)
    test('ends a request that is cancelled, and answers the next', async () => {
      await using rig = await start()
      const job = await rig.start(long.request, long.attachments)
      await Promise.race([job.firstLine, job.listening])
      job.cancel()
      const end = await job.end
      ok(end.type === 'failed' && end.failure.reason === 'cancelled', JSON.stringify(end).slice(0, 2000))
      // One that is over before it began.
      const early = await rig.start(long.request, long.attachments)
      early.cancel()
      const earlyEnd = await early.end
      ok(earlyEnd.type === 'failed' && earlyEnd.failure.reason === 'cancelled')
      const again = good[0]!
      const { body, lines, out } = await rig.result(again.request, again.attachments)
      again.check(body, lines, out)
    })

  test('ends with core, also in the middle of its work', async () => {
    await using rig = await start()
    if (long !== undefined) {
      const job = await rig.start(long.request, long.attachments)
      await Promise.race([job.firstLine, job.listening])
    }
    await rig.process.stop()
    await rig.exited
    const last = rig.events.at(-1)
    ok(last?.type === 'exited' && last.asked, JSON.stringify(last))
    ok(!last.detail.includes('SIGKILL'), `it had to be killed: ${last.detail}`)
  })
}

/** A model of another kind, and what is no model at all. */
async function foreignFiles(folder: string): Promise<{ readonly gguf: string; readonly picture: string }> {
  const picture = join(folder, 'picture')
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
  await writeFile(picture, Buffer.concat([Buffer.from(signature), Buffer.alloc(100_000, 0x5a)]))
  return { gguf: join(root, 'models/starter/starter.gguf'), picture }
}
