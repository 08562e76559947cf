import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAttemptName } from './ids.ts'
import { serverFolders, userFolders } from './layout.ts'
import { ifThere } from './moves.ts'
import {
  namesIn,
  servicesOf,
  submittedAt,
  timeOfId,
  usersOf,
  workersOf,
  type WorkerView,
} from './queue-view.ts'

/** Per window: the last 10 seconds and the last minute. */
export interface Lately {
  readonly tenSeconds: number
  readonly minute: number
}

export interface ServiceLoad {
  readonly service: string
  readonly waiting: number
  /** When the oldest that waits was submitted, in ms since 1970. Undefined: none waits. */
  readonly oldest: number | undefined
  readonly running: number
  readonly workers: readonly WorkerView[]
  /** Jobs a second, of all clients. */
  readonly answersPerSecond: Lately
  /** Jobs that failed and whose answer lies there still: of one that has been collected nothing tells. */
  readonly failed: Lately
}

export interface UserLoad {
  readonly user: string
  readonly waiting: number
  readonly running: number
}

export interface QueueLoad {
  readonly services: readonly ServiceLoad[]
  /** Of all services together; the one with most waiting first. */
  readonly users: readonly UserLoad[]
}

/**
 * Measures a spool's queues, as often as it is asked. A folder is listed only when it has changed, and a long one less often,
 * so that looking takes a tenth of a core at most; of files it opens none, and looks at few.
 */
export class QueueMeter {
  readonly #spool: string
  readonly #folders = new Map<string, unknown>()

  constructor(spool: string) {
    this.#spool = spool
  }

  /** `now` in ms since 1970. */
  async look(now: number): Promise<QueueLoad> {
    const services: ServiceLoad[] = []
    const users = new Map<string, UserLoad>()
    for (const service of await servicesOf(this.#spool)) {
      const workers = await workersOf(this.#spool, service)
      const claims = workers.flatMap(worker => worker.claims)
      const todos: Todo[] = []
      const answers: { at: number; weight: number; failed: boolean }[] = []
      for (const user of await usersOf(this.#spool, service)) {
        const folders = userFolders(this.#spool, service, user)
        const todo = await this.#read(folders.todo, summed, now)
        todos.push(todo)
        const seen = join(serverFolders(this.#spool, service).seen, user)
        const { list } = await this.#read(seen, answered, now)
        const recent = list.filter(({ at }) => at > now - minute)
        const errors = await this.#read(folders.error, asSet, now)
        for (const { id, at, weight } of recent) answers.push({ at, weight, failed: errors.has(id) })
        const before = users.get(user) ?? { user, waiting: 0, running: 0 }
        const running = claims.filter(claim => claim.user === user).length
        users.set(user, { user, waiting: before.waiting + todo.waiting, running: before.running + running })
      }
      const oldest = todos.map(todo => todo.oldest).filter(time => time !== undefined)
      const within = (ms: number, list: typeof answers): number =>
        list.filter(({ at }) => at > now - ms).reduce((sum, { weight }) => sum + weight, 0)
      const failed = answers.filter(answer => answer.failed)
      services.push({
        service,
        waiting: todos.reduce((sum, { waiting }) => sum + waiting, 0),
        oldest: oldest.length === 0 ? undefined : Math.min(...oldest),
        running: claims.length,
        workers,
        answersPerSecond: {
          tenSeconds: within(10_000, answers) / 10,
          minute: within(minute, answers) / 60,
        },
        failed: { tenSeconds: within(10_000, failed), minute: within(minute, failed) },
      })
    }
    return { services, users: [...users.values()].sort((a, b) => b.waiting - a.waiting) }
  }

  #read<T>(path: string, derive: Derive<T>, now: number): Promise<T> {
    const folder = (this.#folders.get(path) as Folder<T> | undefined) ?? new Folder(path, derive)
    this.#folders.set(path, folder)
    return folder.read(now)
  }
}

const minute = 60_000

/** What a folder's names amount to; `before` is what they amounted to at the last listing. */
type Derive<T> = (names: string[], folder: string, now: number, before: T | undefined) => Promise<T>

/** A folder whose listing is kept as long as it is good. */
class Folder<T> {
  readonly #path: string
  readonly #derive: Derive<T>
  #known:
    | { readonly value: T; readonly changed: number; readonly listed: number; readonly due: number }
    | undefined

  constructor(path: string, derive: Derive<T>) {
    this.#path = path
    this.#derive = derive
  }

  async read(now: number): Promise<T> {
    const known = this.#known
    if (known !== undefined && performance.now() < known.due) return known.value
    const listed = Date.now()
    const changed = (await ifThere(lstat(this.#path)))?.mtimeMs ?? 0
    // A change within the clock tick of the listing may have been missed by it.
    if (known !== undefined && known.changed === changed && known.listed > changed + clockTickMs)
      return known.value
    const began = performance.now()
    const value = await this.#derive(await namesIn(this.#path), this.#path, now, known?.value)
    const ended = performance.now()
    this.#known = { value, changed, listed, due: ended + (ended - began) * 9 }
    return value
  }
}

const clockTickMs = 50

interface Todo {
  readonly waiting: number
  readonly oldest: number | undefined
}

/** How many waiting jobs to look at whose id doesn't tell their age. */
const oldestSample = 200

async function summed(names: string[], folder: string): Promise<Todo> {
  let waiting = 0
  let oldest = Infinity
  const others: string[] = []
  for (const name of names) {
    const id = parseAttemptName(name)?.id
    if (id === undefined) continue
    waiting++
    const time = timeOfId(id)
    if (time !== undefined) oldest = Math.min(oldest, time)
    else if (others.length < oldestSample) others.push(name)
  }
  for (const name of others) {
    oldest = Math.min(oldest, (await submittedAt({ id: name, folder: join(folder, name) })) ?? Infinity)
  }
  return { waiting, oldest: oldest === Infinity ? undefined : oldest }
}

/** Answered at `at`; stands for `weight` of them. */
interface Answer {
  readonly id: string
  readonly at: number
  readonly weight: number
}

interface Answers {
  readonly list: readonly Answer[]
  readonly known: ReadonlySet<string>
}

const tombstoneSample = 2000

/** The answers of the last minute: at the first listing by the age of tombstones, a sample of many; then the new ones. */
async function answered(
  names: string[],
  folder: string,
  now: number,
  before: Answers | undefined,
): Promise<Answers> {
  const known = new Set(names.filter(name => !name.startsWith('.')))
  if (before !== undefined) {
    const fresh = [...known].filter(id => !before.known.has(id)).map(id => ({ id, at: now, weight: 1 }))
    return { list: [...before.list.filter(({ at }) => at > now - minute), ...fresh], known }
  }
  const list: Answer[] = []
  const weight = Math.max(1, Math.ceil(names.length / tombstoneSample))
  for (let i = 0; i < names.length; i += weight) {
    const id = names[i] ?? ''
    const found = known.has(id) ? await ifThere(lstat(join(folder, id))) : undefined
    // Not its change, which renews a tombstone in Python while the answer is not collected. Exact to a second.
    const at = found === undefined ? 0 : found.birthtimeMs || found.mtimeMs
    if (at > now - minute) list.push({ id, at, weight: Math.min(weight, names.length - i) })
  }
  return { list, known }
}

function asSet(names: string[]): Promise<Set<string>> {
  return Promise.resolve(new Set(names))
}
