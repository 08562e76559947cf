import { execa } from 'execa'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Io, runMain } from '../../lib/io.ts'
import { root } from '../support/our-stack.ts'
import { treeOf, treeDifference } from '../support/tree.ts'
import { freePort } from '../support/free-port.ts'
import { Random } from './random.ts'

/**
 * `node test/chaos/first-run.ts RUNS SEED`: first installations of clean clones (`up --yes -d`: Node, packages, venv,
 * models), each killed at a random moment with everything that it has started, and started again until it ends. Each must
 * leave what one leaves that ran through.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const [runs = 10, seed = 1] = argv.map(Number)
  const random = new Random(seed)
  // All clones are of one commit, whatever is committed meanwhile.
  const { stdout: commit } = await execa('git', ['rev-parse', 'HEAD'], { cwd: root })
  await using folder = await mkdtempDisposable(join(tmpdir(), 'courante-first-run-'))
  const whole = await makeClone(join(folder.path, 'whole'), commit)
  const began = performance.now()
  const first = await attempt(whole, io, Infinity)
  if (first !== 0) throw new Error(`the run that nobody killed ended with ${first}`)
  const took = performance.now() - began
  await down(whole, io)
  const expected = await treeOf(whole.path)
  io.stdout.write(`ran through: ${(took / 1000).toFixed(1)} s, ${expected.size} files\n`)
  let faults = 0
  for (let i = 0; i < runs; i++) {
    const clone = await makeClone(join(folder.path, `run-${i}`), commit)
    const kills: string[] = []
    for (;;) {
      const after = random.next() * took * 0.9
      const code = await attempt(clone, io, after)
      if (code !== undefined) {
        if (code !== 0)
          io.stdout.write(`run ${i}: ended with ${code} after the kills at ${kills.join(', ')}\n`)
        break
      }
      kills.push(`${(after / 1000).toFixed(1)} s`)
      if (kills.length === 3) {
        await attempt(clone, io, Infinity)
        break
      }
    }
    await down(clone, io)
    const difference = treeDifference(expected, await treeOf(clone.path))
    io.stdout.write(
      `run ${i}: killed at ${kills.join(', ') || 'no time'}: ${difference.length} differences\n`,
    )
    for (const line of difference.slice(0, 20)) io.stdout.write(`    ${line}\n`)
    if (difference.length > 0) faults++
    await execa('rm', ['-rf', clone.path])
  }
  io.stdout.write(`${runs} runs, ${faults} that ended otherwise\n`)
  return faults === 0 ? 0 : 1
}

interface Clone {
  readonly path: string
  readonly env: Record<string, string | undefined>
}

async function makeClone(path: string, commit: string): Promise<Clone> {
  await execa('git', ['clone', '--quiet', root, path])
  await execa('git', ['reset', '--quiet', '--hard', commit], { cwd: path })
  const [backend, frontend] = [await freePort(), await freePort()]
  await execa(
    'sh',
    [
      '-c',
      `printf 'services:\\n  backend: { port: %s }\\n  frontend: { port: %s }\\n' ${backend} ${frontend} > stack.local.yaml`,
    ],
    { cwd: path },
  )
  // What is told about the caller's own Node must not count: a first run gets its own.
  const env = {
    ...process.env,
    PATH: (process.env['PATH'] ?? '')
      .split(':')
      .filter(folder => !folder.includes('.runtime'))
      .join(':'),
    CI: undefined,
    NODE_COMPILE_CACHE: undefined,
  }
  return { path, env }
}

/** Its exit code, or undefined if it was killed before. */
async function attempt({ path, env }: Clone, io: Io, afterMs: number): Promise<number | undefined> {
  const child = spawn('sh', ['setup.sh', 'up', '--yes', '-d'], {
    cwd: path,
    env,
    detached: true,
    stdio: 'ignore',
  })
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  if (afterMs === Infinity) return (await ended) ?? -1
  const killed = await Promise.race([ended, delay(afterMs, 'kill' as const, { signal: io.signal })])
  if (killed !== 'kill') return killed ?? -1
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  await ended
  return undefined
}

async function down({ path, env }: Clone, io: Io): Promise<void> {
  const { exitCode, all } = await execa('sh', ['setup.sh', 'down'], {
    cwd: path,
    env,
    extendEnv: false,
    reject: false,
    all: true,
  })
  if (exitCode !== 0) io.stdout.write(`down ended with ${exitCode}: ${all}\n`)
}

if (import.meta.main) await runMain(run)
