import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { coreHome } from '../support/core.ts'
import { CoreClients, kinds } from '../support/core-clients.ts'
import { Random } from './random.ts'

export interface Storm {
  readonly requests: number
  readonly right: number
  /** Answered with an error, by its code: three crashes of the engine under one request end it. */
  readonly errors: Readonly<Record<string, number>>
  readonly wrong: readonly string[]
  readonly blows: Readonly<Record<string, number>>
}

const signals = ['SIGKILL', 'SIGSEGV', 'SIGKILL', 'SIGSEGV', 'SIGSTOP'] as const

/**
 * Requests of three kinds, several at once, while their engines are killed, crash and are stopped at random. Each request has
 * to be answered. `node test/chaos/core-storm.ts REQUESTS SEED` is the long run.
 */
export async function coreStorm(
  requests: number,
  seed: number,
  most: { readonly blows: number; readonly stops: number } = { blows: Infinity, stops: Infinity },
): Promise<Storm> {
  const random = new Random(seed)
  await using at = await coreHome()
  await using core = at.core()
  await core.saw(/core ready/)
  using clients = new CoreClients(at.home)
  const over = new AbortController()
  const blows: Record<string, number> = {}
  const errors: Record<string, number> = {}
  const wrong: string[] = []
  let right = 0
  let left = requests

  const ask = async (): Promise<void> => {
    while (left > 0) {
      left--
      const kind = random.pick(kinds)
      try {
        const body = await clients.ask(kind.service, kind.request, kind.files)
        if (kind.isRight(body)) right++
        else wrong.push(JSON.stringify(body))
      } catch (error) {
        const code = (error as Error).message.split(':')[0] ?? ''
        errors[code] = (errors[code] ?? 0) + 1
      }
    }
  }
  const strike = async (): Promise<void> => {
    for (let struck = 0; struck < most.blows && !over.signal.aborted; struck++) {
      // Blows are meant to be at random times; nothing waits for them.
      await delay(200 + random.below(3000), undefined, { signal: over.signal })
      const pids = (await at.facts()).models.flatMap(({ pid }) => (pid === null ? [] : [pid]))
      if (pids.length === 0) continue
      const picked = random.pick(signals)
      const signal = picked === 'SIGSTOP' && (blows[picked] ?? 0) >= most.stops ? 'SIGKILL' : picked
      try {
        process.kill(random.pick(pids), signal)
        blows[signal] = (blows[signal] ?? 0) + 1
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
  }
  const striking = strike().catch((error: unknown) => {
    if (!over.signal.aborted) throw error
  })
  await Promise.all(Array.from({ length: 6 }, ask))
  over.abort()
  await striking
  if (core.child.exitCode !== null) throw new Error(`core ended: ${core.stdout}${core.stderr}`)
  core.child.kill('SIGTERM')
  await once(core.child, 'exit')
  return { requests, right, errors, wrong, blows }
}

if (import.meta.main) {
  const result = await coreStorm(Number(process.argv[2] ?? 300), Number(process.argv[3] ?? 1))
  console.log(JSON.stringify(result))
  const answered = result.right + Object.values(result.errors).reduce((sum, count) => sum + count, 0)
  process.exitCode = answered === result.requests && result.wrong.length === 0 ? 0 : 1
}
