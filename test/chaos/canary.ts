import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What no answer may hold. */
export const secret = 'the-canary-sings-8d1f'

/** A tree beside a spool that nothing in the spool may read, change or add to. It looks like jobs and answers. */
export class Canary {
  readonly path: string
  readonly #before: string

  constructor(path: string) {
    this.path = path
    for (const folder of ['job', 'job/out-1', 'done/x', 'empty'])
      mkdirSync(join(path, folder), { recursive: true })
    const files: Record<string, string> = {
      'secret.txt': secret,
      'secret.json': JSON.stringify({ kind: 'transcribe', file: 'a.wav', [secret]: secret, secret }),
      'job/request.json': '{"kind":"transcribe","file":"a.wav"}',
      'job/a.wav': secret,
      'job/out-1/x': secret,
      'done/x/result.json': JSON.stringify({ ok: true, id: 'x', text: secret }),
      'stream.ndjson': '',
      'log.txt': '',
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
    this.#before = snapshot(path)
  }

  /** What has changed since it was made; undefined if nothing has. */
  changes(): string | undefined {
    const [before, after] = [this.#before.split('\n'), snapshot(this.path).split('\n')]
    const gone = before.filter(line => !after.includes(line)).map(line => `- ${line}`)
    const come = after.filter(line => !before.includes(line)).map(line => `+ ${line}`)
    return gone.length + come.length === 0 ? undefined : [...gone, ...come].join('\n')
  }
}

/** Every name with its kind, inode, size, time of change and content. */
function snapshot(folder: string): string {
  const lines: string[] = []
  for (const name of readdirSync(folder).toSorted()) {
    const path = join(folder, name)
    const { mode, ino, size, mtimeMs, nlink } = lstatSync(path)
    const is = `${path} ${mode.toString(8)} ${ino} ${size} ${mtimeMs} ${nlink}`
    const kind = mode & 0o170000
    if (kind === 0o040000) lines.push(is, snapshot(path))
    else if (kind === 0o120000) lines.push(`${is} -> ${readlinkSync(path)}`)
    else if (kind === 0o100000)
      lines.push(`${is} ${createHash('sha1').update(readFileSync(path)).digest('hex')}`)
    else lines.push(is)
  }
  return lines.join('\n')
}
