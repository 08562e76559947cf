import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFile,
  copyFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../support/our-stack.ts'
import { tempDir } from '../support/temp.ts'
import { Random } from './random.ts'

export interface Torture {
  readonly seed: number
  readonly steps: number
  /** The names are symbolic links, whose targets change, too; GNU's tail then looks every few milliseconds. */
  readonly links: boolean
}

/**
 * GNU's `tail -F` and ours follow the same files while these are appended to, rotated, truncated, deleted and replaced. Each
 * step ends when both have shown its marker; then all that either has shown must be the same. Two things are left out, since
 * GNU's loses or doubles bytes there: two rotations between two looks, and a file that is truncated and filled again past
 * the old place before anybody looked. lib/follow.test.ts has what ours does then.
 */
export async function torture({ seed, steps, links }: Torture): Promise<string> {
  await using folder = await tempDir()
  const random = new Random(seed)
  const files = ['a.log', 'b.log', 'c.log'].map(name => join(folder.path, name))
  const at = (file: string): Promise<string> => (links ? readlink(file) : Promise.resolve(file))
  for (const [i, file] of files.entries()) {
    const target = links ? `${file}.target` : file
    await writeFile(target, `start of ${i}\n`)
    if (links) await symlink(target, file)
  }
  const args = ['-F', '-n', '+1', '-s', '0.02', ...files]
  await using theirs = new Follower('tail', args)
  await using ours = new Follower(process.execPath, [join(root, 'scripts/atail.ts'), ...args])
  const both = [theirs, ours]
  await Promise.all(both.map(each => each.shown('start of 2\n')))
  const done: string[] = []

  for (let step = 0; step < steps; step++) {
    const file = random.pick(files)
    const marker = `<${step}>\n`
    const filler = lines(random, 1 + random.below(8))
    const kind = random.pick(links ? [...plain, 'relink' as const] : plain)
    done.push(`${kind} ${file}`)
    switch (kind) {
      case 'append':
        await appendFile(file, filler + marker)
        break
      case 'pieces':
        for (const piece of (filler + marker).match(/[^]{1,7}/g) ?? []) await appendFile(file, piece)
        break
      case 'flood':
        await appendFile(file, lines(random, 20_000) + marker)
        break
      case 'rotate': {
        const target = await at(file)
        await rename(target, `${target}.old`)
        await appendFile(target, filler)
        await appendFile(target, marker)
        break
      }
      case 'replace': {
        const target = await at(file)
        await writeFile(`${target}.new`, filler + marker)
        await rename(`${target}.new`, target)
        break
      }
      case 'copytruncate': {
        await longerThan(file, 2000, `${marker.trim()} before\n`, both)
        await copyFile(file, `${file}.copy`)
        await truncate(file, 0)
        await appendFile(file, filler.slice(0, 900))
        await appendFile(file, marker)
        break
      }
      case 'rewrite':
        await longerThan(file, 2000, `${marker.trim()} before\n`, both)
        await writeFile(file, filler.slice(0, 900) + marker)
        break
      case 'recreate': {
        const target = await at(file)
        await rm(target)
        await writeFile(target, filler + marker)
        break
      }
      case 'vanish': {
        const target = await at(file)
        const told = both.map(each => each.gone(file))
        await rm(target)
        await Promise.all(told)
        await writeFile(target, filler + marker)
        break
      }
      case 'relink': {
        const target = `${file}.target${step}`
        await writeFile(target, filler + marker)
        await symlink(target, `${file}.link`)
        await rename(`${file}.link`, file)
        break
      }
    }
    await Promise.all(both.map(each => each.shown(marker)))
  }
  if (!theirs.bytes.equals(ours.bytes)) assert.fail(difference(theirs, ours, done, seed))
  return `seed ${seed}: ${steps} steps, ${ours.bytes.length} bytes, the same as tail -F`
}

const plain = [
  'append',
  'append',
  'pieces',
  'flood',
  'rotate',
  'replace',
  'copytruncate',
  'rewrite',
  'recreate',
  'vanish',
] as const

function lines(random: Random, count: number): string {
  let text = ''
  for (let i = 0; i < count; i++) text += `${random.next()} ${'é'.repeat(random.below(40))}\n`
  return text
}

/** What was truncated is seen as that by tail only while the file is shorter than it was. */
async function longerThan(file: string, bytes: number, marker: string, both: Follower[]): Promise<void> {
  if ((await stat(file)).size > bytes) return
  await appendFile(file, 'x'.repeat(bytes) + marker)
  await Promise.all(both.map(each => each.shown(marker)))
}

class Follower implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  readonly #chunks: Buffer[] = []
  #end = Buffer.alloc(0)
  #stderr = ''
  readonly #waiting = new Set<() => void>()

  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    })
    this.#closed = once(this.#child, 'close')
    this.#child.stdout?.on('data', (bytes: Buffer) => {
      this.#chunks.push(bytes)
      this.#end = Buffer.from(Buffer.concat([this.#end, bytes]).subarray(-200))
      this.#look()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#look()
    })
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Until this is the end of what it has shown. */
  shown(marker: string): Promise<void> {
    return this.#until(marker, () => this.#end.subarray(-marker.length).equals(Buffer.from(marker)))
  }

  /** Until it says once more that a file has gone. */
  gone(file: string): Promise<void> {
    const count = (): number =>
      this.#stderr.split('\n').filter(line => line.includes(file) && /inaccessible|has gone/.test(line))
        .length
    const before = count()
    return this.#until(`${file} gone`, () => count() > before)
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      if (holds()) resolve()
    }
    this.#waiting.add(look)
    look()
    const ended = this.#closed.then(() => {
      throw new Error(`${this.#child.spawnfile} ended before ${what}\n${this.#stderr}`)
    })
    try {
      await Promise.race([promise, ended])
    } finally {
      this.#waiting.delete(look)
    }
  }

  #look(): void {
    for (const look of this.#waiting) look()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }
}

function difference(theirs: Follower, ours: Follower, done: readonly string[], seed: number): string {
  const [a, b] = [theirs.bytes, ours.bytes]
  let at = 0
  while (a[at] === b[at]) at++
  const near = (bytes: Buffer): string =>
    JSON.stringify(bytes.subarray(Math.max(0, at - 200), at + 200).toString())
  const step = Number(/.*<(\d+)>/s.exec(a.subarray(0, at).toString())?.[1] ?? -1) + 1
  return [
    `seed ${seed}: they differ at byte ${at}, in step ${step}: ${done[step] ?? '?'}`,
    `tail:  ${near(a)}\natail: ${near(b)}`,
    `tail's stderr:\n${theirs.stderr.slice(-2000)}\natail's stderr:\n${ours.stderr.slice(-2000)}`,
  ].join('\n')
}

/** By hand: `node test/chaos/atail.ts [--seed N] [--steps N] [--links]` */
if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      steps: { type: 'string', default: '3000' },
      links: { type: 'boolean', default: false },
    },
  })
  const { seed, steps, links } = values
  console.log(await torture({ seed: Number(seed), steps: Number(steps), links }))
}
