import { execa } from 'execa'
import { readdir, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { install } from '../shared/install.ts'

/** What the built-in console is not made with, and, to compare, the emulator that it is made with. */
const packages = [
  ['blessed', '0.1.81'],
  ['blessed-contrib', '4.11.0'], // with blessed
  ['@xterm/headless', '6.0.0'],
] as const
const rounds = 15

/** What each would cost, in a table as text: medians over fresh processes, in turn; and how blessed draws. */
export async function packageCosts(): Promise<string> {
  const loads = packages.map(([name]) => ({ name, ms: [] as number[], rss: [] as number[] }))
  for (let round = 0; round < rounds; round++) {
    for (const [index, [name, version]] of packages.entries()) {
      const { ms, rss } = JSON.parse(await probe(await folderOf(name, version), loading, name)) as Load
      loads[index]?.ms.push(ms)
      loads[index]?.rss.push(rss)
    }
  }
  const rows = await Promise.all(
    packages.map(async ([name, version], index) => {
      const { bytes, count } = await installedSize(await folderOf(name, version))
      const [ms, rss] = [loads[index]?.ms ?? [], loads[index]?.rss ?? []].map(middle)
      return [
        `${name} ${version}`.padEnd(24),
        `load ${(ms ?? 0).toFixed(0)} ms`.padEnd(14),
        `RSS + ${((rss ?? 0) / 1e6).toFixed(1)} MB`.padEnd(18),
        `installed ${(bytes / 1e6).toFixed(1)} MB in ${count} packages`,
      ].join('')
    }),
  )
  const drawn = JSON.parse(await probe(await install('blessed', '0.1.81'), drawing)) as Drawn
  return [
    `Node ${process.versions.node}, ${rounds} fresh processes each, in turn, without a compile cache:`,
    ...rows,
    `blessed, three boxes at 160x48, every row of them new in each frame: ${drawn.ms.toFixed(1)} ms a frame (median of ${drawn.frames}),`,
    `of an RGB colour that was written it keeps ${drawn.rgb ? 'all' : `the nearest of its palette (${drawn.sent})`}`,
  ].join('\n')
}

/** blessed-contrib needs blessed, and does not say so. */
function folderOf(name: string, version: string): Promise<string> {
  return install(name, version, name === 'blessed-contrib' ? { beside: { blessed: '0.1.81' } } : {})
}

interface Load {
  readonly ms: number
  readonly rss: number
}

interface Drawn {
  readonly ms: number
  readonly frames: number
  readonly rgb: boolean
  readonly sent: string
}

const loading = `
const before = process.memoryUsage.rss()
const start = performance.now()
require(process.argv[1])
console.log(JSON.stringify({ ms: performance.now() - start, rss: process.memoryUsage.rss() - before }))`

const drawing = `
const blessed = require('blessed')
const { PassThrough, Writable } = require('node:stream')
let sent = ''
const output = new Writable({ write(chunk, _, done) { if (sent.length < 1e5) sent += String(chunk); done() } })
Object.assign(output, { columns: 160, rows: 48, isTTY: true })
const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode() {} })
const screen = blessed.screen({ input, output, terminal: 'xterm-256color', fullUnicode: true, forceUnicode: true })
const box = (top, left, height, width) => blessed.box({ parent: screen, top, left, height, width })
const boxes = [box(0, 0, 23, 160), box(24, 0, 23, 105), box(24, 106, 23, 54)]
const words = 'the quick brown fox jumps over the lazy dog and runs away from it as fast as it can'.split(' ')
const line = number => words.map((_, i) => words[(number * 7 + i * 5) % words.length]).join(number % 3 === 0 ? ' ' : '\\u001b[0m \\u001b[38;2;18;52;' + number % 256 + 'm')
const times = []
;(async () => {
for (let frame = 0; frame < 200; frame++) {
  const lines = Array.from({ length: 23 }, (_, row) => line(frame * 23 + row)).join('\\n')
  const start = performance.now()
  for (const each of boxes) each.setContent(lines)
  screen.render()
  // It writes a frame once the turn of the event loop is over.
  await new Promise(setImmediate)
  times.push(performance.now() - start)
}
const colour = /\\u001b\\[38;[\\d;]*m/.exec(sent)?.[0].slice(2) ?? 'none'
const result = JSON.stringify({ ms: times.sort((a, b) => a - b)[100], frames: 200, rgb: sent.includes('38;2;18;52'), sent: colour })
process.stdout.write(result, () => process.exit())
})()`

async function probe(folder: string, code: string, ...args: string[]): Promise<string> {
  const env = { NODE_COMPILE_CACHE: undefined, NODE_DISABLE_COMPILE_CACHE: '1' }
  const { stdout } = await execa(process.execPath, ['-e', code, ...args], {
    cwd: folder,
    env,
    timeout: 60_000,
  })
  return stdout
}

/** Without the links of node_modules/.bin and npm's own list. */
async function installedSize(folder: string): Promise<{ bytes: number; count: number }> {
  const modules = join(folder, 'node_modules')
  const files = (await readdir(modules, { recursive: true, withFileTypes: true })).filter(file =>
    file.isFile(),
  )
  const sizes = await Promise.all(
    files.map(async file => (await stat(join(file.parentPath, file.name))).size),
  )
  const isPackage = /(^|[\\/])node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+$/
  const count = files.filter(
    ({ name, parentPath }) => name === 'package.json' && isPackage.test(parentPath.split(sep).join('/')),
  ).length
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), count }
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
