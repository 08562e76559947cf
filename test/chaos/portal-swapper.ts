// portal-swapper SPOOL CANARY SEED: submits requests and exchanges what lies in them while they are claimed, read and answered
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { userFolders } from '../../services/portal/layout.ts'
import { hasCode } from '../../services/portal/moves.ts'
import { secret } from './canary.ts'
import { Random } from './random.ts'

/** It says a line for each request, `ok` or what is wrong; at the end of its input it ends behind the one that it is at. */
class Swapper {
  readonly #folders
  readonly #canary: string
  readonly #random: Random
  readonly #fifo: string

  constructor(spool: string, canary: string, seed: number) {
    this.#folders = userFolders(spool, 'fuzz', 'swapper')
    this.#canary = canary
    this.#random = new Random(seed)
    for (const folder of Object.values(this.#folders) as string[]) mkdirSync(folder, { recursive: true })
    this.#fifo = join(this.#folders.prep, 'fifo')
    execFileSync('mkfifo', [this.#fifo])
  }

  /** One request from its making to its answer. Undefined, or what is wrong. */
  next(n: number): string | undefined {
    const { prep, todo, done, error } = this.#folders
    const id = `s${n}`
    mkdirSync(join(prep, id))
    // A client that stands in its folder stays in it wherever that is moved, and no path leads it there.
    process.chdir(join(prep, id))
    const model = this.#random.pick(['plain', 'plain', 'emit', 'status', 'crash'])
    writeFileSync('request.json', JSON.stringify({ kind: 'transcribe', file: 'a.wav', model }))
    writeFileSync('a.wav', 'sound')
    linkSync(this.#fifo, 'fifo')
    mkdirSync('out-1/sub', { recursive: true })
    for (const name of ['out-1/x', 'out-1/sub/x', 'result.json', 'log.txt']) writeFileSync(name, 'planted')
    renameSync(join(prep, id), join(todo, id))
    if (this.#random.next() < 0.1 && this.#withdraw(id)) return undefined
    const answers = [join(done, id, 'result.json'), join(error, id, 'result.json')]
    const until = Date.now() + 20_000
    let answer
    while ((answer = answers.find(path => existsSync(path))) === undefined) {
      if (Date.now() > until) return `missing: no answer to ${id}`
      // It ends some time, or a job that is disturbed at every step has no answer ever.
      if (until - Date.now() > 19_000) for (let more = 0; more < 20; more++) this.#swap()
    }
    const text = readFileSync(answer, 'utf8')
    process.chdir(prep)
    rmSync(join(answer, '..'), { recursive: true })
    if (text.includes(secret)) return `escape: an answer tells: ${text}`
    return answers.some(path => existsSync(path)) ? `two answers to ${id}` : undefined
  }

  /** True: it was ours again before it was claimed. */
  #withdraw(id: string): boolean {
    try {
      renameSync(join(this.#folders.todo, id), join(this.#folders.prep, id))
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false
      throw error
    }
    process.chdir(this.#folders.prep)
    rmSync(id, { recursive: true })
    return true
  }

  #swap(): void {
    // Names only: by a path through a link it would leave the spool itself.
    const name = this.#random.pick(['request.json', 'a.wav', 'out-1', 'log.txt'])
    const to = this.#random.pick(['secret.json', 'secret.txt', 'job', 'log.txt', 'made-by-the-worker'])
    const step = this.#random.below(5)
    try {
      if (step === 0) renameSync(name, 'aside')
      else if (step === 1) renameSync('aside', name)
      // An answer may be planted; to take the portal's own away again would be nobody's fault but ours.
      else if (step === 2) symlinkSync(join(this.#canary, to), this.#random.pick([name, 'result.json']))
      else if (step === 3) renameSync('fifo', name)
      else renameSync(name, 'fifo')
    } catch (error) {
      if (!hasCode(error, ...expected)) throw error
    }
  }
}

/** Of a swap that comes too late, too early, or twice. */
const expected = ['ENOENT', 'EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'EISDIR', 'EINVAL', 'ELOOP']

if (import.meta.main) {
  const [spool = '', canary = '', seed] = process.argv.slice(2)
  const swapper = new Swapper(spool, canary, Number(seed))
  let goesOn = true
  process.stdin.on('end', () => (goesOn = false)).resume()
  for (let n = 0; goesOn; n++) {
    process.stdout.write(`${swapper.next(n) ?? 'ok'}\n`)
    await new Promise(setImmediate)
  }
}
