import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { median } from './portal/measure.ts'
import { between, machine, markdown } from './shared/document.ts'

/**
 * `atail` beside GNU tail, turn by turn: a gigabyte that is there, a gigabyte that grows while it is followed, the time from
 * a write to the output, and what following costs while nothing happens.
 * Usage: `node bench/atail.ts [--bytes 1000000000] [--rounds 5] [--folder DIR] [--write]`
 */
const { values } = parseArgs({
  options: {
    bytes: { type: 'string', default: '1000000000' },
    rounds: { type: 'string', default: '5' },
    folder: { type: 'string', default: tmpdir() },
    write: { type: 'boolean', default: false },
  },
})
const bytes = Number(values.bytes)
const rounds = Number(values.rounds)
const folder = await mkdtemp(join(values.folder, 'courante-bench-'))
const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, '.cache') }
const program = resolve(import.meta.dirname, '../scripts/atail.ts')
const subjects = { tail: ['tail'], atail: [process.execPath, program] } as const
type Name = keyof typeof subjects
const names = ['tail', 'atail'] as const
const line = 'some line of a log, as long as they are, with words in it, and a number such as 12345\n'
const block = Buffer.from(line.repeat(Math.floor(65536 / line.length)))

/** A writer that is as fast as it can be, in a process of its own. */
const writing = `
const fs = require('node:fs')
const [path, count] = process.argv.slice(1)
const block = Buffer.alloc(65536, ${JSON.stringify(line)})
const file = fs.openSync(path, 'a')
for (let left = Number(count); left > 0;) left -= fs.writeSync(file, block, 0, Math.min(block.length, left))
`

type Sink = 'pipe' | 'file'
const measures = {
  'there, to a pipe: MB/s': name => there(name, 'pipe'),
  'there, to a file: MB/s': name => there(name, 'file'),
  'growing, to a pipe: MB/s': name => growing(name, 'pipe'),
  'growing, to a file: MB/s': name => growing(name, 'file'),
  'a line, from write to output: ms': latency,
} satisfies Record<string, (name: Name) => Promise<number>>
type Measure = keyof typeof measures

try {
  const source = join(folder, 'source')
  const file = openSync(source, 'w')
  for (let left = bytes; left > 0;) left -= writeSync(file, block, 0, Math.min(block.length, left))
  closeSync(file)
  // Fills Node's compile cache, as every start but the first finds it.
  await latency('atail')
  const results = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    for (const [measure, of] of Object.entries(measures) as [Measure, (name: Name) => Promise<number>][]) {
      for (const name of names) {
        const key = `${measure} ${name}`
        const value = await of(name)
        results.set(key, [...(results.get(key) ?? []), value])
        console.error(`${key}: ${value.toFixed(2)}`)
      }
    }
  }
  const idles = { tail: await idle('tail'), atail: await idle('atail') }
  await report(results, idles)
} finally {
  await rm(folder, { recursive: true })
}

function start(
  name: Name,
  args: readonly string[],
  sink: Sink | 'heard',
): { child: ChildProcess; out: string } {
  const [command, ...first] = subjects[name]
  const out = join(folder, 'out')
  const stdio = sink === 'file' ? openSync(out, 'w') : 'pipe'
  const child = spawn(command, [...first, ...args], { stdio: ['ignore', stdio, 'inherit'], env })
  if (typeof stdio === 'number') closeSync(stdio)
  return { child, out }
}

/** Another process reads the pipe and counts, as a pipe's reader is one. */
function counter(child: ChildProcess): ChildProcess {
  const stdout = child.stdout
  if (stdout === null) throw new Error('no pipe')
  const wc = spawn('wc', ['-c'], { stdio: ['pipe', 'pipe', 'inherit'] })
  stdout.pipe(wc.stdin)
  return wc
}

async function there(name: Name, sink: Sink): Promise<number> {
  const [command, ...first] = subjects[name]
  const call = [command, ...first, '-n', '+1', join(folder, 'source')].map(quoted).join(' ')
  const to = sink === 'pipe' ? '| cat >/dev/null' : `> ${quoted(join(folder, 'out'))}`
  const began = performance.now()
  await done(spawn('sh', ['-c', `${call} ${to}`], { stdio: 'inherit', env }))
  return bytes / 1000 / (performance.now() - began)
}

/** From the first byte written until all were given out; the writer is as fast as it can be, and part of it. */
async function growing(name: Name, sink: Sink): Promise<number> {
  const path = join(folder, 'grows')
  const out = join(folder, 'out')
  writeFileSync(path, line)
  writeFileSync(out, '')
  const [command, ...first] = subjects[name]
  const call = [command, ...first, '-F', '-n', '+1', path].map(quoted).join(' ')
  // head ends when it has them all, and by that the follower, with its next write.
  const to = sink === 'pipe' ? `| head -c ${bytes} | tail -c 1 >> ${quoted(out)}` : `> ${quoted(out)}`
  // By itself, so that the signal goes to it and not to a shell.
  const before = sink === 'file' ? 'exec ' : ''
  const shell = spawn('sh', ['-c', `${before}${call} ${to}`], { stdio: 'inherit', env })
  const closed = once(shell, 'close')
  // Both are up, and have shown the first line.
  await delay(500)
  const began = performance.now()
  const writer = spawn(process.execPath, ['-e', writing, path, String(bytes - line.length)], {
    stdio: 'inherit',
  })
  await done(writer)
  if (sink === 'file') while (statSync(out).size < bytes) await delay(1)
  else while (statSync(out).size < 1) await delay(1)
  const took = performance.now() - began
  if (sink === 'file') shell.kill('SIGTERM')
  else for (; shell.exitCode === null; await delay(5)) appendFileSync(path, line)
  await closed
  await rm(path)
  return bytes / 1000 / took
}

async function latency(name: Name): Promise<number> {
  const path = join(folder, 'lines')
  writeFileSync(path, line)
  const { child } = start(name, ['-F', '-n', '+1', path], 'heard')
  const { stdout } = child
  if (stdout === null) throw new Error('no pipe')
  await once(stdout, 'data')
  const times: number[] = []
  for (let i = 0; i < 300; i++) {
    await delay(2)
    const heard = once(stdout, 'data')
    const began = performance.now()
    appendFileSync(path, line)
    await heard
    times.push(performance.now() - began)
  }
  child.kill('SIGKILL')
  await once(child, 'close')
  return median(times)
}

/** Milliseconds of processor time in ten seconds of following 100 files to which nothing happens. */
async function idle(name: Name): Promise<number> {
  const paths = Array.from({ length: 100 }, (_, i) => join(folder, `idle${i}`))
  for (const path of paths) writeFileSync(path, line)
  const { child } = start(name, ['-F', ...paths], 'heard')
  counter(child)
  await delay(2000)
  const before = ticks(child.pid ?? 0)
  await delay(10_000)
  const used = ticks(child.pid ?? 0) - before
  child.kill('SIGKILL')
  await once(child, 'close')
  return used * 10
}

function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return Number(fields[11]) + Number(fields[12])
}

async function done(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')} ended with ${code}`)
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}

async function report(results: Map<string, number[]>, idles: Record<Name, number>): Promise<void> {
  const of = (measure: Measure, name: Name): number => median(results.get(`${measure} ${name}`) ?? [])
  const rows = (Object.keys(measures) as Measure[]).map(measure => {
    const [theirs, ours] = [of(measure, 'tail'), of(measure, 'atail')]
    const digits = measure.endsWith('ms') ? 2 : 0
    return [measure, theirs.toFixed(digits), ours.toFixed(digits), (ours / theirs).toFixed(2)]
  })
  const idleRow = [
    '100 files, nothing happens: ms of processor in 10 s',
    String(idles.tail),
    String(idles.atail),
    '',
  ]
  const table = markdown([['', 'GNU tail', 'atail', 'atail ÷ tail'], ...rows, idleRow])
  const facts = [
    ...machine(),
    `${(bytes / 1e9).toFixed(1)} GB in ${values.folder}`,
    `${rounds} rounds in turn, medians`,
  ].join(' · ')
  console.log(`${facts}\n\n${table}`)
  if (!values.write) return
  const path = resolve(import.meta.dirname, '../docs/benchmarks.md')
  const text = await readFile(path, 'utf8')
  await writeFile(path, between('bench/atail.ts', text, 'table', `${facts}\n\n${table}`))
}
