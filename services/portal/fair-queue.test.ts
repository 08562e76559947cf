import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../test/chaos/random.ts'
import { FairQueue, type Waiting } from './fair-queue.ts'

const waiting = (user: string, name: string, more: Partial<Waiting> = {}): Waiting => {
  return { user, name, id: name, model: '', cost: 1, since: 0, ...more }
}
const idle = () => false

const none = (): boolean => false
const onlyLoaded = (loaded: string) => (model: string) => model === loaded

test('users take turns, whoever floods; a costly job takes as many turns', () => {
  const queue = new FairQueue()
  for (let i = 0; i < 1000; i++) queue.add(waiting('flood', `f${i}`))
  for (let i = 0; i < 3; i++) queue.add(waiting('calm', `c${i}`, { cost: 2 }))
  const order = Array.from({ length: 9 }, () => queue.take(0, none, idle)!.name).sort()
  assert.deepEqual(order, ['c0', 'c1', 'c2', 'f0', 'f1', 'f2', 'f3', 'f4', 'f5'])
  assert.equal(queue.size, 994)
  assert.equal(queue.waitingOf('calm'), 0)
})

test('the loaded model goes first, until another has waited too long', () => {
  const queue = new FairQueue(100)
  queue.add(waiting('me', 'b1', { model: 'b', since: 0 }))
  for (const [i, since] of [1, 2, 3].entries()) queue.add(waiting('me', `a${i}`, { model: 'a', since }))
  const names = [50, 60, 101, 102].map(now => queue.take(now, model => model === 'a', idle)?.name)
  assert.deepEqual(names, ['a0', 'a1', 'b1', 'a2'])
})

test('a job is known once, and one whose id is at work waits for its end', () => {
  const queue = new FairQueue()
  assert.equal(queue.add(waiting('me', 'x~1', { id: 'x' })), true)
  assert.equal(queue.add(waiting('me', 'x~1', { id: 'x' })), false)
  queue.add(waiting('me', 'y~1', { id: 'y' }))
  assert.equal(queue.take(0, none, job => job.id === 'x')?.id, 'y')
  assert.equal(queue.take(0, none, ({ id }) => id === 'x')?.id, undefined)
  assert.equal(queue.has('me', 'x~1'), true)
  queue.release('me', 'x')
  assert.equal(queue.take(0, none, idle)?.id, 'x')
  assert.equal(queue.size, 0)
})

test('taking is as quick from 100,000 as from ten', () => {
  const queue = new FairQueue()
  for (let i = 0; i < 100_000; i++) queue.add(waiting(`u${i % 3}`, String(i)))
  let taken = 0
  while (queue.take(0, none, idle) !== undefined) taken++
  assert.equal(taken, 100_000)
  assert.deepEqual([queue.size, queue.take(0, none, idle)], [0, undefined])
})

test('whatever is added, looked at, removed, held and taken in any order: each is taken once, or was removed', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed)
    const queue = new FairQueue(20)
    const known = new Map<string, Waiting>()
    const busy = new Map<string, Waiting>()
    const isBusy = ({ user, id }: Waiting) => busy.has(`${user}/${id}`)
    const take = (now: number): Waiting | undefined => {
      const job = queue.take(now, onlyLoaded(random.pick(['a', 'b', ''])), isBusy)
      if (job === undefined) return undefined
      assert.ok(!isBusy(job), `${job.id} is at work (seed ${seed})`)
      assert.ok(known.delete(`${job.user}/${job.name}`), `${job.name} was not there (seed ${seed})`)
      busy.set(`${job.user}/${job.id}`, job)
      return job
    }
    const release = ({ user, id }: Waiting): void => {
      busy.delete(`${user}/${id}`)
      queue.release(user, id)
    }
    for (let now = 0; now < 300; now++) {
      const what = random.below(10)
      const user = random.pick(['u1', 'u2', 'u3'])
      const id = `j${random.below(40)}`
      const name = `${id}~${1 + random.below(2)}`
      const key = `${user}/${name}`
      if (what < 4) {
        const model = random.pick(['', 'a', 'b']) || undefined
        const added = { ...waiting(user, name, { id, cost: 1 + random.below(3), since: now }), model }
        assert.equal(queue.add(added), !known.has(key))
        if (!known.has(key)) known.set(key, added)
      } else if (what === 4) {
        assert.equal(queue.remove(user, name), known.delete(key))
      } else if (what === 5) {
        const unknown = queue.nextUnknown()
        if (unknown !== undefined) queue.learn(unknown, random.pick(['a', 'b']))
      } else if (what < 8) {
        take(now)
      } else {
        const [first] = busy.values()
        if (first !== undefined) release(first)
      }
      assert.equal(queue.size, known.size, `seed ${seed}, step ${now}`)
      assert.equal(queue.has(user, name), known.has(key))
    }
    for (const job of busy.values()) release(job)
    for (let job = take(300); job !== undefined; job = take(300)) release(job)
    assert.deepEqual(
      [known.size, queue.size],
      [0, 0],
      `left behind: ${[...known.keys()].join()} (seed ${seed})`,
    )
    for (const user of ['u1', 'u2', 'u3']) assert.equal(queue.waitingOf(user), 0)
  }
})

/** A service that does `servers` units of work in a unit of time. */
interface Load {
  readonly servers: number
  readonly costs: readonly number[]
  readonly models: readonly string[]
  /** The share of jobs whose id is that of an earlier one. */
  readonly repeated: number
}

const flood = 10_000
/** Beside the flooder. */
const others = ['u1', 'u2', 'u3', 'u4']
const users = ['flood', ...others]
const jobsOfOthers = 1000
/** Of their fair share that the others ask for. */
const demand = 0.6
const patience = 40

const loads: readonly (readonly [string, Load])[] = [
  ['one after the other', { servers: 1, costs: [1], models: [''], repeated: 0 }],
  ['with costs', { servers: 1, costs: [1, 2, 3], models: [''], repeated: 0 }],
  ['with costs and models', { servers: 1, costs: [1, 2, 3], models: ['a', 'a', 'a', 'b'], repeated: 0 }],
  [
    'four at once, some under one id',
    { servers: 4, costs: [1, 2, 3], models: ['a', 'b', 'c'], repeated: 0.05 },
  ],
]

for (const [name, load] of loads)
  test(`beside a flood of ${flood} nobody waits twice as long as with a server of the own: ${name}`, () => {
    for (let seed = 1; seed <= 5; seed++) {
      const jobs = jobsOf(load, new Random(seed))
      const ended = simulate(new FairQueue(patience), jobs, load)
      for (const user of others) {
        const own = jobs.filter(job => job.user === user)
        const took = own.map(job => ended.get(job)! - job.since)
        const alone = aloneTimes(own, load)
        const [shared, fair] = [percentile(took, 0.95), percentile(alone, 0.95)]
        assert.ok(shared <= 2 * fair, `seed ${seed}, ${user}: ${shared.toFixed(1)} of ${fair.toFixed(1)}`)
      }
    }
  })

test('the bar is one that first come, first served does not pass', () => {
  const load = loads[0]![1]
  const jobs = jobsOf(load, new Random(1))
  const line: Waiting[] = []
  const queue = {
    add: (job: Waiting) => line.push(job) > 0,
    take: () => line.shift(),
    release: () => undefined,
  }
  const ended = serve(queue, jobs, load, () => undefined)
  const own = jobs.filter(job => job.user === 'u1')
  const took = own.map(job => ended.get(job)! - job.since)
  assert.ok(percentile(took, 0.95) > 50 * percentile(aloneTimes(own, load), 0.95))
})

/** The flood at once, the others' by Poisson processes; in the order of their times. */
function jobsOf({ servers, costs, models, repeated }: Load, random: Random): Waiting[] {
  const jobs: Waiting[] = []
  const add = (user: string, i: number, since: number): void => {
    const id = i > 0 && random.next() < repeated ? `${user}-${i - 1}` : `${user}-${i}`
    const [model, cost] = [random.pick(models), random.pick(costs)]
    jobs.push({ user, name: `${user}-${i}~1`, id, model, cost, since })
  }
  for (let i = 0; i < flood; i++) add('flood', i, 0)
  const meanCost = costs.reduce((sum, cost) => sum + cost, 0) / costs.length
  const rate = (demand * servers) / users.length / meanCost
  for (const user of others) {
    let now = 0
    for (let i = 0; i < jobsOfOthers; i++) {
      now -= Math.log(1 - random.next()) / rate
      add(user, i, now)
    }
  }
  return jobs.sort((a, b) => a.since - b.since)
}

/** How long each takes where the user has a server for itself that is as quick as its share of the service. */
function aloneTimes(own: readonly Waiting[], { servers }: Load): number[] {
  let free = 0
  return own.map(({ since, cost }) => {
    free = Math.max(free, since) + (cost * users.length) / servers
    return free - since
  })
}

type Queue = Pick<FairQueue, 'add' | 'take' | 'release'>

/** When each job ended. `onTaken` hears of each that is taken, after the arrivals of that moment. */
function serve(
  queue: Queue,
  jobs: readonly Waiting[],
  { servers }: Load,
  onTaken: (job: Waiting, now: number, loaded: string) => void,
  onAdded: (job: Waiting) => void = () => undefined,
): Map<Waiting, number> {
  const ended = new Map<Waiting, number>()
  let running: { job: Waiting; until: number }[] = []
  let next = 0
  let loaded = ''
  const busy = (job: Waiting) => running.some(at => at.job.user === job.user && at.job.id === job.id)
  while (ended.size < jobs.length) {
    const now = Math.min(jobs[next]?.since ?? Infinity, ...running.map(({ until }) => until))
    assert.ok(now < Infinity, `${jobs.length - ended.size} jobs were never taken`)
    for (const { job, until } of running.filter(at => at.until <= now)) {
      ended.set(job, until)
      running = running.filter(at => at.job !== job)
      queue.release(job.user, job.id)
    }
    for (; next < jobs.length && jobs[next]!.since <= now; next++) {
      queue.add(jobs[next]!)
      onAdded(jobs[next]!)
    }
    while (running.length < servers) {
      const job = queue.take(now, onlyLoaded(loaded), busy)
      if (job === undefined) break
      assert.ok(!busy(job), `${job.id} is at work twice`)
      onTaken(job, now, loaded)
      loaded = job.model ?? ''
      running.push({ job, until: now + job.cost })
    }
  }
  return ended
}

/** Serves them all, and looks at each step whether the queue keeps what it promises. */
function simulate(queue: FairQueue, jobs: readonly Waiting[], load: Load): Map<Waiting, number> {
  const most = Math.max(...load.costs)
  /** Waiting, in order, for each user. A repeated id is held for as long as its first is at work, so its order is its own. */
  const lines = new Map(users.map(user => [user, new Set<Waiting>()]))
  const served = new Map(users.map(user => [user, 0]))
  /** What each had been given when one began to wait, and the number of the step. */
  const began = new Map<string, { step: number; given: Map<string, number> }>()
  let step = 0
  const added = (job: Waiting): void => {
    const line = lines.get(job.user)!
    if (line.size === 0) began.set(job.user, { step: step++, given: new Map(served) })
    line.add(job)
  }
  const check = (job: Waiting, now: number, loaded: string): void => {
    const line = lines.get(job.user)!
    assert.ok(line.has(job), `${job.name} is taken twice, or was not waiting`)
    if (load.repeated === 0) checkOrder(line, job, now, loaded)
    line.delete(job)
    served.set(job.user, served.get(job.user)! + job.cost)
    assert.equal(queue.waitingOf(job.user) <= line.size, true)
    assert.equal(
      queue.size,
      Array.from(lines.values(), each => each.size).reduce((a, b) => a + b),
    )
    checkShares(job.user)
  }
  /** Nobody who waits is given much less than the one who was given something now, since both wait. */
  const checkShares = (user: string): void => {
    for (const other of users) {
      if (other === user || lines.get(other)!.size === 0) continue
      const [mine, theirs] = [began.get(user)!, began.get(other)!]
      const { given } = mine.step > theirs.step ? mine : theirs
      const since = (who: string) => served.get(who)! - given.get(who)!
      const ahead = since(user) - since(other)
      // Those under an id that is at work can't be given anything.
      if (load.repeated === 0) assert.ok(ahead <= 2 * most + 1, `${user} is ${ahead} ahead of ${other}`)
    }
  }
  return serve(queue, jobs, load, check, added)
}

/** First come, first served; but the loaded model before others, unless one of them has waited too long. */
function checkOrder(line: ReadonlySet<Waiting>, job: Waiting, now: number, loaded: string): void {
  const [oldest] = line
  // The flood came at one time: any of it is the oldest.
  if (oldest!.since < job.since) {
    const age = now - oldest!.since
    assert.ok(age <= patience, `${oldest!.name} waits for ${age} behind ${job.name}`)
    assert.equal(job.model, loaded, `${job.name} is taken before ${oldest!.name}`)
  }
  if (now - oldest!.since <= patience && job.model !== loaded) {
    for (const each of line) assert.notEqual(each.model, loaded, `${job.name} is taken before ${each.name}`)
  }
  for (const each of line) {
    if (each.model !== job.model) continue
    assert.equal(each, job, `${job.name} is taken before ${each.name}`)
    return
  }
}

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.ceil(share * sorted.length) - 1] ?? NaN
}
