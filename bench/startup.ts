import { spawn as spawnPty } from '@lydell/node-pty'
import { execa } from 'execa'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempDir } from '../test/support/temp.ts'
import { OurStack, root } from '../test/support/our-stack.ts'

/**
 * How long a user waits after typing `npm run up` with everything installed: until the console's first frame, and until
 * all services are ready; with what npm, setup.sh and Node take of it. Medians, since machines are noisy.
 * Usage: courante must not be running elsewhere on these ports; `node bench/startup.ts [runs]`.
 */
const runs = Number(process.argv[2] ?? 7)

const frames: number[] = []
const ready: number[] = []
const quits: number[] = []
for (let i = 0; i <= runs; i++) {
  const sample = await upOnce()
  // The first run fills caches.
  if (i === 0) continue
  frames.push(sample.firstFrame)
  ready.push(sample.allReady)
  quits.push(sample.quit)
}
const node = await times([process.execPath, join(root, 'runner/main.ts'), 'version'])
const setup = await times(['sh', join(root, 'setup.sh'), 'version'])
await using noop = await tempDir()
await writeFile(join(noop.path, 'package.json'), '{ "scripts": { "noop": "true" } }')
const npm = await times(['npm', '--prefix', noop.path, 'run', 'noop'])
const bare = await times([process.execPath, '-e', '0'])

const rows: [string, number[]][] = [
  ['npm run up → first frame of the console', frames],
  ['npm run up → all services ready', ready],
  ['Q → the prompt is back', quits],
  ['of which: npm itself (a script that does nothing)', npm],
  ['of which: setup.sh, when there is nothing to do', setup.map((time, i) => time - (node[i] ?? 0))],
  ['a bare `node -e 0`, for comparison', bare],
]
for (const [name, values] of rows) {
  const sorted = values.toSorted((a, b) => a - b)
  const [min, median, max] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map(value =>
    `${Math.round(value ?? 0)} ms`.padStart(9),
  )
  console.log(`${name.padEnd(52)} median ${median}   min ${min}   max ${max}`)
}

async function upOnce(): Promise<{ firstFrame: number; allReady: number; quit: number }> {
  await using stack = await OurStack.make()
  const start = performance.now()
  const terminal = spawnPty('npm', ['run', 'up', '--', '--stack', stack.file], {
    name: 'xterm-256color',
    cols: 160,
    rows: 48,
    cwd: root,
    env: { ...process.env, ...stack.env, TMUX: '' },
  })
  let text = ''
  const frame = Promise.withResolvers<number>()
  const exited = Promise.withResolvers<number>()
  terminal.onData(chunk => {
    text += chunk
    if (/Q.{0,20} quit/.test(text)) frame.resolve(performance.now())
  })
  terminal.onExit(() => {
    exited.resolve(performance.now())
    frame.reject(new Error(`up ended before its first frame:\n${text}`))
  })
  const firstFrame = (await frame.promise) - start
  await stack.ready()
  const allReady = performance.now() - start
  const pressed = performance.now()
  terminal.write('q')
  const quit = (await exited.promise) - pressed
  return { firstFrame, allReady, quit }
}

async function times(command: [string, ...string[]]): Promise<number[]> {
  const [file, ...args] = command
  const values: number[] = []
  for (let i = 0; i <= runs; i++) {
    const start = performance.now()
    await execa(file, args, {
      cwd: root,
      reject: false,
      stdin: 'ignore',
      env: { NODE_COMPILE_CACHE: join(root, '.runtime/compile-cache') },
    })
    if (i > 0) values.push(performance.now() - start)
  }
  return values
}
