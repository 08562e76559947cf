import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runMain, type Io } from '../../lib/io.ts'
import { chaosRun } from './chaos-run.ts'
import { consoleKinds } from './faults.ts'

/**
 * node test/chaos/console.ts [runs] [seed]: runs of a small stack in a terminal, each with random things done to it under a
 * flood of output. Run number n takes the seed + n; so `console.ts 1 <seed of a run>` is that run once more.
 */
async function run(
  [runs = '200', from = String(Date.now() % 1e6)]: readonly string[],
  io: Io,
): Promise<number> {
  // A temporary folder of our own: whatever is left in it at the end was left behind.
  const folder = await mkdtemp(join(tmpdir(), 'courante-chaos-'))
  process.env['TMPDIR'] = folder
  let faults = 0
  let number = 0
  for (; number < Number(runs) && !io.signal.aborted; number++) {
    const seed = Number(from) + number
    const { plan, lines, ms, fault } = await chaosRun(seed, consoleKinds)
    const when = `${plan.when} +${plan.afterMs}`
    const what = plan.faults
      .map(each => (each === 'kill -9 child' ? `kill -9 ${plan.child}` : each))
      .join(' + ')
    io.stdout.write(
      `${fault === undefined ? 'ok  ' : 'FAIL'} seed ${seed}  ${plan.console.padEnd(7)} ${when.padEnd(13)}  ` +
        `${what}  (${lines} lines, ${(ms / 1000).toFixed(1)} s)\n`,
    )
    if (fault === undefined) continue
    faults += 1
    io.stdout.write(`${fault}\n\n`)
  }
  const left = existsSync(folder) ? await readdir(folder) : []
  await rm(folder, { recursive: true, force: true })
  io.stdout.write(`${number} runs, ${faults} with a fault`)
  io.stdout.write(left.length === 0 ? '\n' : `; left in the temporary folder: ${left.join(', ')}\n`)
  return faults === 0 && left.length === 0 ? 0 : 1
}

if (import.meta.main) await runMain(run)
