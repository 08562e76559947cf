// bb2html [FILE…] [--fragment] [--follow]: rooms as a web page, or only their messages as HTML
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { exit } from '../lib/exit.ts'
import { follow } from '../lib/follow.ts'
import { type Io, runMain } from '../lib/io.ts'
import { formatProblem, ProblemError } from '../lib/problem.ts'
import { BbScanner } from '../services/chat/bb/scanner.ts'
import type { Said } from '../services/chat/html/plain.ts'
import { pageEnd, pageStart } from '../services/chat/html/page.ts'
import { Renderer } from '../services/chat/html/renderer.ts'
import { bb2htmlProblems as problems } from './shared/messages.ts'
import { parseOptions, script } from './shared/script.ts'

export const run = script(import.meta.filename, async (argv, io) => {
  const { positionals, values } = parseOptions(
    {
      args: argv,
      options: {
        fragment: { type: 'boolean', default: false },
        follow: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    },
    problems.usage,
  )
  const files = positionals.length === 0 ? ['-'] : positionals
  const [first = '-'] = files
  if (values.follow && (files.length > 1 || first === '-')) throw new ProblemError(problems.oneFile())
  const renderer = new Renderer()
  const printer = new Printer(renderer, io)
  const title = files.map(file => (file === '-' ? 'stdin' : basename(file, '.bb'))).join(', ')
  let code: number = exit.ok
  try {
    if (!values.fragment) await printer.write(pageStart(title))
    if (values.follow) await followed(first, printer, io)
    else {
      for (const file of files) if (!(await whole(file, printer, io))) code = exit.failed
    }
    if (!values.fragment) await printer.write(pageEnd)
  } finally {
    await renderer.close()
  }
  io.signal.throwIfAborted()
  return code
})

/** False where it could not be read, which was said. */
async function whole(file: string, printer: Printer, io: Io): Promise<boolean> {
  const scanner = new BbScanner()
  const stream = file === '-' ? io.stdin : createReadStream(file, { highWaterMark: 256 * 1024 })
  const stop = (): void => void stream.destroy()
  io.signal.addEventListener('abort', stop)
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      for (const message of scanner.feed(chunk)) await printer.message(message)
    }
    for (const message of scanner.end()) await printer.message(message)
  } catch (error) {
    if (io.signal.aborted) return true
    const { code } = error as NodeJS.ErrnoException
    if (typeof code !== 'string') throw error
    io.stderr.write(formatProblem(problems.unreadable(file, code)))
    return false
  } finally {
    io.signal.removeEventListener('abort', stop)
    await printer.settled()
  }
  return true
}

/** A message as soon as it is closed by its empty line; who continues it after all makes it come again, as said before it. */
async function followed(file: string, printer: Printer, io: Io): Promise<void> {
  let scanner = new BbScanner()
  let early: { readonly offset: number; readonly end: number } | undefined
  const show = async (message: Said & { readonly offset: number; readonly end: number }): Promise<void> => {
    if (early?.offset === message.offset) {
      if (early.end === message.end) return
      await printer.write('<!-- instead of the last one: -->\n')
    }
    await printer.message(message)
  }
  for await (const event of follow([file], { by: 'name', signal: io.signal })) {
    if (event.type === 'rewind') {
      scanner = new BbScanner()
      early = undefined
      await printer.write('<!-- anew: -->\n')
    }
    if (event.type === 'gone') io.stderr.write(formatProblem(problems.unreadable(file, event.code)))
    if (event.type !== 'bytes') continue
    for (const message of scanner.feed(event.bytes)) await show(message)
    const closed = scanner.closed()
    if (closed === undefined) continue
    await show(closed)
    early = closed
    await printer.settled()
  }
}

/** In order, with some messages on their way to the renderer, and none in memory once it is written. */
class Printer {
  readonly #renderer: Renderer
  readonly #io: Io
  readonly #under: Promise<string>[] = []

  constructor(renderer: Renderer, io: Io) {
    this.#renderer = renderer
    this.#io = io
  }

  async message(said: Said): Promise<void> {
    this.#under.push(this.#renderer.html({ author: said.author, text: said.text }))
    if (this.#under.length >= mostUnderWay) await this.#next()
  }

  async settled(): Promise<void> {
    while (this.#under.length > 0) await this.#next()
  }

  /** Behind all messages so far. */
  async write(text: string): Promise<void> {
    await this.settled()
    await this.#out(text)
  }

  async #next(): Promise<void> {
    const html = await this.#under.shift()
    if (html !== undefined) await this.#out(`${html}\n`)
  }

  async #out(text: string): Promise<void> {
    const { stdout, signal } = this.#io
    signal.throwIfAborted()
    if (!stdout.write(text)) await once(stdout, 'drain', { signal }).catch(() => signal.throwIfAborted())
  }
}

const mostUnderWay = 64

if (import.meta.main) await runMain(run)
