import { execFileSync } from 'node:child_process'
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Canary } from './canary.ts'
import type { Random } from './random.ts'

/** Special files, made once: each is put somewhere by a hard link, which costs no process. */
export class Zoo implements AsyncDisposable {
  readonly #folder: string
  readonly #canary: Canary
  readonly #server: Server
  /** Kinds of `put`; devices only where we may make them. */
  readonly kinds: readonly string[]

  private constructor(folder: string, canary: Canary, server: Server, kinds: readonly string[]) {
    this.#folder = folder
    this.#canary = canary
    this.#server = server
    this.kinds = kinds
  }

  /** `folder` is on the spool's file system, beside it. */
  static async open(folder: string, canary: Canary): Promise<Zoo> {
    mkdirSync(folder)
    execFileSync('mkfifo', [join(folder, 'fifo')])
    const server = createServer()
    await new Promise<void>(resolve => server.listen(join(folder, 'socket'), resolve))
    // A second name of a file that lies outside, and one that not even its owner may read, unless that is root.
    writeFileSync(join(folder, 'second-name'), 'shared')
    writeFileSync(join(folder, 'closed'), 'closed', { mode: 0 })
    const kinds = ['fifo', 'socket', 'second-name', 'closed', ...links, 'folder', 'deep']
    if (process.getuid?.() === 0) {
      // Endless to read, and a block device without a driver.
      execFileSync('mknod', [join(folder, 'device'), 'c', '1', '5'])
      execFileSync('mknod', [join(folder, 'block'), 'b', '250', '9'])
      kinds.push('device', 'block')
    }
    return new Zoo(folder, canary, server, kinds)
  }

  /** One of the kinds; the deep folder seldom, because it takes a hundred times as long as the others to make. */
  draw(random: Random): string {
    const kind = random.pick(this.kinds)
    return kind !== 'deep' || random.next() < 0.05 ? kind : 'folder'
  }

  /** Whether the files that have other names in the spool are as they were. */
  isIntact(): boolean {
    const sizes = ['second-name', 'closed'].map(name => lstatSync(join(this.#folder, name)).size)
    return sizes.every(size => size === 6)
  }

  put(kind: string, path: string): void {
    const at = (name: string) => join(this.#canary.path, name)
    const target: Record<string, string> = {
      'link-file': at('secret.json'),
      'link-text': at('secret.txt'),
      'link-folder': at('job'),
      'link-empty': at('empty'),
      // Of the system, and such that no fault of ours can break it, whoever runs this.
      'link-system': '/proc/version',
      'link-nowhere': at('made-by-the-worker'),
      'link-loop': path,
      'link-up': '..',
      'link-proc': '/proc/self/environ',
    }
    const to = target[kind]
    if (to !== undefined) symlinkSync(to, path)
    else if (kind === 'folder') mkdirSync(join(path, 'sub/sub'), { recursive: true })
    else if (kind === 'deep') this.#nest(path)
    else linkSync(join(this.#folder, kind), path)
  }

  /** Deeper than a path can be long, so that it can't be reached by one. */
  #nest(path: string): void {
    const work = mkdtempSync(join(this.#folder, 'nest-'))
    const [inner, outer] = [join(work, 'inner'), join(work, 'outer')]
    mkdirSync(inner)
    for (let depth = 0; depth < 21; depth++) {
      mkdirSync(outer)
      renameSync(inner, join(outer, 'd'.repeat(200)))
      renameSync(outer, inner)
    }
    renameSync(inner, path)
    rmSync(work, { recursive: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise(resolve => this.#server.close(resolve))
  }
}

const links = [
  'link-file',
  'link-text',
  'link-folder',
  'link-empty',
  'link-system',
  'link-nowhere',
  'link-loop',
  'link-up',
  'link-proc',
] as const
