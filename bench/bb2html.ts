import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { writeBb } from '../services/chat/bb/write.ts'
import { messageHtml } from '../services/chat/html/html.ts'
import { limits } from '../services/chat/html/limits.ts'
import { Renderer } from '../services/chat/html/renderer.ts'
import { median } from './portal/measure.ts'
import { between, machine, markdown } from './shared/document.ts'

/**
 * What a new message costs in a long room and in a short one (`bb2html --follow`), how fast a room is rendered, with how much
 * memory, and what the worst texts take. Usage: `node bench/bb2html.ts [--appends 100] [--write]`
 */
const { values } = parseArgs({
  options: { appends: { type: 'string', default: '100' }, write: { type: 'boolean', default: false } },
})
const program = resolve(import.meta.dirname, '../scripts/bb2html.ts')
const folder = await mkdtemp(join(tmpdir(), 'courante-bench-'))

/** As an answer is: some paragraphs, a list, code, now and then a formula. */
const answer = (i: number): string =>
  [
    `Answer ${i}, with **bold** words and \`code\`.`,
    'A paragraph of some length, as models write them, so that there is text to be parsed and shown.',
    '- one\n- two, with a [link](https://example.org)',
    `\`\`\`js\nconst a${i} = [1, 2, 3].map(x => x * ${i})\n\`\`\``,
    i % 5 === 0 ? `$x^2 + ${i}$` : '',
  ].join('\n\n')

const prose = 'Some **words** here and there, as people write them, of some length, on one line. '
  .repeat(12)
  .trim()

try {
  const rows: string[][] = []
  const appends: number[] = []
  for (const size of [10_000, 10_000_000]) {
    const { append, seconds, peak } = await follow(size)
    appends.push(append)
    rows.push([`${size / 1000} KB`, append.toFixed(2), seconds.toFixed(2), (peak / 1024).toFixed(0)])
  }
  const [short = NaN, long = NaN] = appends
  const table = markdown([
    ['a room of', 'a new message, from append to HTML: ms', 'all of it: s', 'peak RSS, MiB'],
    ...rows,
    ['ratio', (long / short).toFixed(2), '', ''],
  ])
  const worst = markdown([['text', 'alone: ms', 'in the renderer: ms'], ...(await worstRows())])
  const facts = [...machine(), `${values.appends} messages appended, medians`].join(' · ')
  console.log([facts, table, worst].join('\n\n'))
  if (values.write) {
    const path = resolve(import.meta.dirname, '../docs/benchmarks.md')
    const text = await readFile(path, 'utf8')
    await writeFile(path, between('bench/bb2html.ts', text, 'table', [facts, table, worst].join('\n\n')))
  }
} finally {
  await rm(folder, { recursive: true })
}

async function follow(size: number): Promise<{ append: number; seconds: number; peak: number }> {
  const path = join(folder, `${size}.bb`)
  let room = ''
  for (let i = 0; room.length < size; i++) room += writeBb(i % 2 === 0 ? 'Alice' : 'Bot', `${i}. ${prose}`)
  await writeFile(path, `${room}${writeBb('Alice', 'the end')}`)
  const began = performance.now()
  const child = spawn(process.execPath, [program, '--fragment', '--follow', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { stdout } = child
  const shown = ending(child)
  await shown('<p>the end</p></div></article>\n')
  const seconds = (performance.now() - began) / 1000
  const times: number[] = []
  for (let i = 0; i < Number(values.appends); i++) {
    const seen = shown(`<p>new ${i}</p></div></article>\n`)
    const from = performance.now()
    appendFileSync(path, writeBb('Alice', `${answer(-i - 1)}\n\nnew ${i}`))
    await seen
    times.push(performance.now() - from)
  }
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0)
  stdout.destroy()
  child.kill('SIGKILL')
  await once(child, 'close')
  return { append: median(times), seconds, peak }
}

/** Waits until the output ends with a text. */
function ending(child: ChildProcess): (text: string) => Promise<void> {
  let end = ''
  let look = (): void => undefined
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    end = (end + text).slice(-500)
    look()
  })
  return text => {
    const { promise, resolve } = Promise.withResolvers<void>()
    look = () => {
      if (end.endsWith(text)) resolve()
    }
    look()
    return promise
  }
}

/** Those of many tried that take longest, of the longest text that is rendered at all. */
async function worstRows(): Promise<string[][]> {
  const most = (text: string): string => text.repeat(Math.floor(limits.text / text.length))
  const texts: Record<string, string> = {
    'a page of prose': 'Some words here and there, as people write them. '.repeat(60),
    'prose as long as can be': most('Some words here and there, as people write them. '),
    'paragraphs of one letter': most('a\n\n'),
    'a table of 8000 rows': `|a|b|\n|-|-|\n${'|x|y|\n'.repeat(8000)}`,
    'brackets in brackets': '['.repeat(10_000) + ']'.repeat(10_000),
    '`*a_ ` again and again': most('*a_ '),
    'quotes in quotes, 10000 deep': '>'.repeat(10_000),
    '10,000 links': '[](b)'.repeat(10_000),
    '1 MB': 'x'.repeat(1e6),
  }
  const renderer = new Renderer()
  await renderer.html({ author: null, text: 'warm' })
  const rows: string[][] = []
  for (const [name, text] of Object.entries(texts)) {
    const began = performance.now()
    messageHtml({ author: null, text })
    const middle = performance.now()
    await renderer.html({ author: null, text })
    rows.push([name, (middle - began).toFixed(0), (performance.now() - middle).toFixed(0)])
  }
  await renderer.close()
  return rows
}
