import { setTimeout as delay } from 'node:timers/promises'
import type { Sample } from './columns.ts'
import { Instance } from './instance.ts'
import type { Memory } from './family.ts'
import type { Subject } from './subject.ts'

const startMs = 20_000
const hangMs = 12_000
const tenfoldMs = 45_000

export interface Load {
  /** The file of lines that children print. */
  readonly flood: string
  readonly lines: number
}

/** Everything that is measured in one run: start, idle, a little, restart, two floods, quit. */
export async function measureRun(subject: Subject, load: Load): Promise<Sample> {
  await using instance = await Instance.start(subject, load)
  const sample: Sample = await instance.started(startMs)
  const supervised = subject.keys.quit !== undefined
  if (supervised) {
    await delay(1500)
    sample.rssStart = megabytes(instance.memory().own, 'rss')
    sample.idle = await instance.load(delay(4000))
    sample.ticks = await instance.load(ticks(instance, 3000))
    if (subject.keys.restart !== undefined) sample.restart = await restarts(instance)
  }
  const limitMs = Math.max(5000, 60 * (load.lines / 1000))
  const flood = await instance.print('flood', 1, limitMs)
  const cut = `> ${limitMs / 1000}`
  if (flood === undefined) return { ...sample, flood: cut, lines: '' }
  sample.flood = flood.seconds
  if (supervised) {
    sample.floodCpu = flood.cpu
    await delay(500)
    Object.assign(sample, memoryOf(instance))
  }
  const lines = await instance.print('lines', 1, limitMs)
  if (lines === undefined) return { ...sample, lines: cut }
  sample.lines = lines.seconds
  if (!supervised) return sample
  sample.linesCpu = lines.cpu
  const { seconds, ended, left } = await instance.quit(hangMs)
  sample.quit = ended && left.length === 0 ? seconds : ended ? 'orphans' : 'hangs'
  return sample
}

/** How it ends with a stubborn child: by its key, and by KILL. One look tells. */
export async function measureEnds(subject: Subject, load: Load): Promise<Sample> {
  if (subject.keys.quit === undefined) return {}
  return { ...(await stubborn(subject, load)), ...(await killed(subject, load)) }
}

/** Its memory after ten times the lines, or after as many as it can show in the time. */
export async function measureTenfold(subject: Subject, load: Load): Promise<Sample> {
  if (subject.keys.quit === undefined) return {}
  await using instance = await Instance.start(subject, load)
  await instance.started(startMs)
  const flood = await instance.print('flood', 10, tenfoldMs)
  await delay(500)
  const { own } = instance.memory()
  const [rss10, peak10] = [megabytes(own, 'rss'), megabytes(own, 'peak')]
  if (flood !== undefined) return { rss10, peak10 }
  return { rss10: `${rss10.toFixed(0)} in ${tenfoldMs / 1000} s`, peak10 }
}

/** Starts and ends it, so that no run pays for a cold cache. Throws with what it says if it does not run. */
export async function warmUp(subject: Subject, load: Load): Promise<void> {
  await using instance = await Instance.start(subject, load)
  await instance.started(startMs)
}

async function ticks(instance: Instance, forMs: number): Promise<void> {
  for (let tick = 0; tick * 50 < forMs; tick++) {
    instance.tell(`say ${tick}`)
    await delay(50)
  }
}

async function restarts(instance: Instance): Promise<number | string> {
  const times: number[] = []
  for (let i = 0; i < 3; i++) {
    const time = await instance.restart()
    if (time === undefined) return 'no answer'
    times.push(time)
    await delay(500)
  }
  return times.toSorted((a, b) => a - b)[1] ?? ''
}

async function stubborn(subject: Subject, load: Load): Promise<Sample> {
  await using instance = await Instance.start(subject, { ...load, stubborn: true })
  await instance.started(startMs)
  const { seconds, ended, left } = await instance.quit(hangMs)
  const words = ended && left.length === 0 ? `gone, ${seconds.toFixed(1)} s` : ended ? 'orphan' : 'hangs'
  return { stubborn: words }
}

async function killed(subject: Subject, load: Load): Promise<Sample> {
  await using instance = await Instance.start(subject, { ...load, stubborn: true, inShell: true })
  await instance.started(startMs)
  const result = await instance.killMain(3000)
  if (result === undefined) return { orphans: 'not found' }
  const { left, all } = result
  if (left.length === all) return { orphans: `all ${all}` }
  return { orphans: left.length === 1 && left[0] === 'flood' ? 'the stubborn one' : left.length }
}

function memoryOf(instance: Instance): Sample {
  const { own, runners } = instance.memory()
  const more = runners.rss > 0 ? megabytes(runners, 'rss') : undefined
  const rss = megabytes(own, 'rss')
  return {
    rss: more === undefined ? rss : `${rss.toFixed(0)} + ${more.toFixed(0)} npm`,
    peak: megabytes(own, 'peak'),
    pss: megabytes(own, 'pss'),
  }
}

function megabytes(memory: Memory, key: keyof Memory): number {
  return memory[key] / 1e6
}
