import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { runMain, type Io } from '../../lib/io.ts'
import { makeUserFolders, type UserFolders, userFolders } from '../../services/portal/layout.ts'
import { ifThereNow } from '../../services/portal/moves.ts'
import { resultSchema } from '../../services/portal/request.ts'
import { tempDir } from '../support/temp.ts'
import { Canary, secret } from './canary.ts'
import { hostileJob, type HostileJob } from './hostile-jobs.ts'
import { brokenUsers, litter, oddUsers, tidyUp } from './hostile-places.ts'
import { Zoo } from './hostile-zoo.ts'
import type { PlantedFault } from './portal-fuzz-worker.ts'
import { Random } from './random.ts'

const service = 'fuzz'
const users = ['me', 'you', '-']
const batch = 250
/** More than these wait at no time, so that what was put in is soon judged. */
const mostWaiting = 1000
/** Now and then all is answered, so that what is no job can be looked for and taken away. */
const roundOf = 10_000
/** What a worker may grow by in a long run, in MiB. */
const mostGrowth = 200

export interface FuzzReport {
  readonly requests: number
  readonly seconds: number
  /** Those with things exchanged in them while they were at work. */
  readonly swapped: number
  /** From a fifth of the run to its end, in MiB. */
  readonly growth: number
  /** The worker's log, numbers taken out, with how often each line came. */
  readonly log: ReadonlyMap<string, number>
  readonly faults: readonly string[]
}

/** Sends `count` hostile requests through a worker of its own, and judges what became of each. */
export async function fuzz(
  count: number,
  seed: number,
  options: { fault?: PlantedFault; patienceMs?: number; signal?: AbortSignal } = {},
): Promise<FuzzReport> {
  await using dir = await tempDir()
  const canary = new Canary(join(dir.path, 'canary'))
  await using zoo = await Zoo.open(join(dir.path, 'zoo'), canary)
  const run = new Fuzz(dir.path, canary, zoo, new Random(seed), options.patienceMs ?? 30_000)
  const began = performance.now()
  await run.start(options.fault)
  try {
    for (let n = 0; n < count && run.goesOn && options.signal?.aborted !== true; n += batch) {
      run.put(n, Math.min(count, n + batch))
      await run.collect(n % roundOf === 0 ? 0 : mostWaiting)
      if (n < count / 5) run.markMemory()
    }
    await run.calm()
    await run.collect(0)
  } finally {
    await run.stop()
    // What is nested too deep for a path is not for the promises' rm, and what is closed not for any.
    spawnSync('chmod', ['-R', 'u+rwX', dir.path])
    rmSync(dir.path, { recursive: true })
  }
  const seconds = (performance.now() - began) / 1000
  const { requests, swapped, growth, log, faults } = run
  return { requests, swapped, seconds, growth, log, faults }
}

class Fuzz {
  requests = 0
  swapped = 0
  growth = 0
  readonly faults: string[] = []
  readonly log = new Map<string, number>()
  readonly #dir: string
  readonly #spool: string
  readonly #canary: Canary
  readonly #zoo: Zoo
  readonly #random: Random
  readonly #patienceMs: number
  readonly #folders: ReadonlyMap<string, UserFolders>
  readonly #waiting = new Map<
    string,
    { job: HostileJob; codes: readonly string[]; litter: string | undefined }
  >()
  /** Paths that have to be gone, and those that have to stay until all before them is answered. */
  readonly #toGo = new Set<string>()
  #toStay: { path: Buffer; kind: string }[] = []
  #oddUsers: Buffer[] = []
  #worker: ChildProcess | undefined
  #swapper: ChildProcess | undefined
  #memory = 0
  #progress = performance.now()

  constructor(dir: string, canary: Canary, zoo: Zoo, random: Random, patienceMs: number) {
    this.#dir = dir
    this.#spool = join(dir, 'spool')
    this.#canary = canary
    this.#zoo = zoo
    this.#random = random
    this.#patienceMs = patienceMs
    this.#folders = new Map(users.map(user => [user, userFolders(this.#spool, service, user)]))
  }

  get goesOn(): boolean {
    return this.faults.length < 10 && this.#worker?.exitCode === null && this.#worker.signalCode === null
  }

  async start(fault: PlantedFault | undefined): Promise<void> {
    for (const folders of this.#folders.values()) makeUserFolders(folders)
    const base = join(this.#spool, service)
    this.#oddUsers = oddUsers(base, this.#zoo)
    brokenUsers(base, this.#random, this.#zoo)
    const program = join(import.meta.dirname, 'portal-fuzz-worker.ts')
    const args = [program, this.#spool, ...(fault === undefined ? [] : [fault])]
    this.#worker = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    createInterface({ input: this.#worker.stderr! }).on('line', line => this.#hear(line))
    this.#worker.on('exit', (code, signal) => {
      if (code !== 0) this.faults.push(`the worker ended: ${signal ?? code}`)
    })
    await Promise.race([once(this.#worker.stdout!, 'data'), once(this.#worker, 'exit')])
    // The judge of a planted fault has enough to find without.
    if (fault !== undefined) return
    const swapping = [join(import.meta.dirname, 'portal-swapper.ts'), this.#spool, this.#canary.path]
    this.#swapper = spawn(process.execPath, [...swapping, `${this.#random.below(1e9)}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    createInterface({ input: this.#swapper.stdout! }).on('line', line => {
      this.swapped++
      if (line !== 'ok') this.faults.push(`of the swapper: ${line}`)
    })
  }

  /** Lets the swapper end what it is at. */
  async calm(): Promise<void> {
    const swapper = this.#swapper
    if (swapper === undefined || swapper.exitCode !== null) return
    swapper.stdin?.end()
    const [code] = (await once(swapper, 'close')) as [number | null]
    if (code !== 0) this.faults.push(`the swapper ended: ${code}`)
  }

  put(from: number, to: number): void {
    for (let n = from; n < to; n++) {
      const folders = this.#folders.get(this.#random.pick(users))!
      if (this.#random.next() < 0.02) tidyUp(folders, this.#random)
      makeUserFolders(folders)
      const job = hostileJob(n, this.#random, this.#zoo)
      this.#submit(n, job, folders)
    }
    this.requests += to - from
    const changes = this.#canary.changes()
    if (changes !== undefined)
      this.faults.push(`escape: outside of the spool changed before ${to}:\n${changes}`)
    if (!this.#zoo.isIntact())
      this.faults.push(`escape: a file with a second name outside changed before ${to}`)
    const beside = readdirSync(this.#dir).toSorted().join()
    if (beside !== 'canary,spool,zoo') this.faults.push(`escape: beside the spool lies ${beside}`)
  }

  /** Judges answers until at most `most` are due. */
  async collect(most: number): Promise<void> {
    this.#progress = performance.now()
    while (this.goesOn) {
      for (const folders of this.#folders.values()) {
        for (const parent of [folders.done, folders.error]) {
          for (const id of namesIn(parent)) this.#judge(parent, id)
        }
      }
      for (const path of this.#toGo) if (!isThere(path)) this.#toGo.delete(path)
      if (this.#waiting.size + this.#toGo.size <= most) break
      if (performance.now() - this.#progress > this.#patienceMs) {
        for (const { job } of this.#waiting.values()) this.faults.push(`missing: no answer to ${job.kind}`)
        for (const path of this.#toGo) this.faults.push(`missing: still there is ${JSON.stringify(path)}`)
        return
      }
      await delay(1)
    }
    if (most === 0) this.#checkEmpty()
  }

  markMemory(): void {
    this.#memory = residentMebi(this.#worker?.pid)
  }

  async stop(): Promise<void> {
    this.#swapper?.kill('SIGKILL')
    const worker = this.#worker
    if (worker === undefined || worker.exitCode !== null || worker.signalCode !== null) return
    this.growth = residentMebi(worker.pid) - this.#memory
    if (this.requests > 100_000 && this.growth > mostGrowth) this.faults.push(`it grew by ${this.growth} MiB`)
    const ended = once(worker, 'exit')
    worker.kill('SIGTERM')
    const late = setTimeout(() => worker.kill('SIGKILL'), this.#patienceMs)
    await ended
    clearTimeout(late)
  }

  #submit(n: number, job: HostileJob, folders: UserFolders): void {
    const built = join(folders.prep, `b${n}`)
    job.make(built)
    const target = Buffer.concat([Buffer.from(`${folders.todo}/`), Buffer.from(job.name)])
    if (job.fate.type === 'answered') {
      const { id, codes } = job.fate
      const place = this.#random.next() < 0.1 ? litter(folders, id, this.#random, this.#zoo) : undefined
      const all = place?.code === undefined ? codes : [...codes, place.code]
      this.#waiting.set(id, { job, codes: all, litter: place?.path })
    } else if (job.fate.type === 'removed') this.#toGo.add(target.toString())
    else this.#toStay.push({ path: target, kind: job.kind })
    renameSync(built, target)
    // Closed behind its submission, and perhaps behind its claim.
    if (job.fate.type === 'answered' && this.#random.next() < 0.01) ifThereNow(() => chmodSync(target, 0))
  }

  #judge(parent: string, id: string): void {
    const folder = join(parent, id)
    const due = this.#waiting.get(id)
    // What was put there in place of an answer is not one.
    if (due !== undefined && !isAnswer(folder)) return
    this.#progress = performance.now()
    this.#waiting.delete(id)
    const story = due === undefined ? `${folder}, which nobody waits for` : due.job.kind
    const text = ifThereNow(() => readFileSync(join(folder, 'result.json'), 'utf8')) ?? 'null'
    if (text.includes(secret) || text.includes('Linux version'))
      this.faults.push(`escape: an answer tells: ${story}\n${text}`)
    const result = resultSchema.safeParse(JSON.parse(text))
    const code = result.data?.ok === false ? result.data.error.code : 'ok'
    if (!result.success || result.data.id !== id || due?.codes.includes(code) !== true) {
      this.faults.push(`wrong answer to ${story}\n${text.slice(0, 500)}\nand not ${due?.codes.join(', ')}`)
    }
    rmSync(folder, { recursive: true })
    if (due?.litter !== undefined) rmSync(due.litter, { recursive: true, force: true })
  }

  /** When all is answered: what is no job lies where it was put, and of all others nothing is left. */
  #checkEmpty(): void {
    for (const { path, kind } of this.#toStay) {
      if (!isThere(path)) this.faults.push(`gone: ${kind} ${JSON.stringify(path.toString())}`)
      rmSync(path, { recursive: true, force: true })
    }
    this.#toStay = []
    for (const path of this.#oddUsers) {
      if (!isThere(path)) this.faults.push(`gone: user ${JSON.stringify(path.toString())}`)
    }
    for (const { todo, done, error, prep } of this.#folders.values()) {
      for (const folder of [todo, done, error, prep]) {
        const left = namesIn(folder)
        if (left.length > 0) this.faults.push(`left in ${folder}: ${left.slice(0, 5).join()}`)
      }
    }
  }

  #hear(line: string): void {
    const kind = line.replaceAll(/\/\S+|job \S+|\d{2,}|d{20,}/g, '…').slice(0, 150)
    if (this.log.has(kind) || this.log.size < 100) this.log.set(kind, (this.log.get(kind) ?? 0) + 1)
  }
}

function isAnswer(folder: string): boolean {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return false
  ifThereNow(() => chmodSync(folder, 0o700))
  return isThere(join(folder, 'result.json'))
}

/** It may have been tidied up. */
function namesIn(folder: string): string[] {
  return ifThereNow(() => readdirSync(folder)) ?? []
}

function isThere(path: string | Buffer): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function residentMebi(pid: number | undefined): number {
  // None of one that has ended, which is a fault of its own.
  const status = ifThereNow(() => readFileSync(`/proc/${pid}/status`, 'utf8')) ?? ''
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
}

/** node test/chaos/portal-fuzz.ts [COUNT] [SEED] [FAULT] */
async function main([count = '1000000', seed = '4', fault]: readonly string[], io: Io): Promise<number> {
  const planted = fault === undefined ? {} : { fault: fault as PlantedFault }
  const report = await fuzz(Number(count), Number(seed), { ...planted, signal: io.signal })
  for (const [line, times] of report.log) io.stdout.write(`log ${times} × ${line}\n`)
  for (const fault of report.faults.slice(0, 20)) io.stdout.write(`FAULT ${fault.slice(0, 4000)}\n`)
  const { requests, swapped, seconds, growth, faults } = report
  const rate = Math.round(requests / seconds)
  io.stdout.write(
    `${requests} hostile requests of seed ${seed}, and ${swapped} exchanged at work, in ${seconds.toFixed(1)} s (${rate}/s), ` +
      `memory ${growth >= 0 ? '+' : ''}${growth} MiB, ${faults.length} faults\n`,
  )
  return faults.length === 0 ? 0 : 1
}

if (import.meta.main) await runMain(main)
