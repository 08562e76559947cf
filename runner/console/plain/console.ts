import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { tail } from '../../../lib/tail.ts'
import { eventLine } from '../../supervisor/event-lines.ts'
import type { SupervisorEvent } from '../../supervisor/events.ts'
import { colouredText, lineText } from '../../supervisor/log-lines.ts'
import { LogReader } from '../../supervisor/log-reader.ts'
import type { ConsoleContext } from '../console.ts'
import { drained } from '../drained.ts'
import { emptyView, reduce, type View } from '../view.ts'
import { pressedKeys } from './keys.ts'
import { ServiceLines } from './service-lines.ts'

/**
 * Every line of every service with its name before it, in the order in which everything happened, for pipes, CI and
 * whoever prefers it. On a terminal the single keys work too.
 */
export async function plainConsole(context: ConsoleContext): Promise<void> {
  const { stack, io, client, transcript, address } = context
  const terminal = io.stdout.isTTY === true
  const printer = new Printer(context, terminal && io.env['NO_COLOR'] === undefined)
  const control = await client
  const ended = new AbortController()
  // Whoever only joined leaves with its terminal; what it started goes on being stopped without being shown.
  const hangUp = (): void => {
    if (io.signal.reason === 'SIGHUP' || (io.signal.aborted && !context.owner)) ended.abort()
  }
  io.signal.addEventListener('abort', hangUp)
  const following =
    transcript === undefined
      ? undefined
      : followTranscript(transcript, ended.signal, line => printer.print('transcript', line))
  const readers = Object.keys(stack.services).map(name => ({
    name,
    reader: new LogReader(join(stack.home, 'logs'), name),
  }))
  const lines = new Map<string, ServiceLines>()
  const stopKeys = terminal
    ? pressedKeys(io, key => void control.key(key).catch(() => undefined))
    : () => undefined
  const keys = context.owner ? 'Q quit  R restart  P pull' : 'Q quit  R restart  P pull  Ctrl-C leave'
  const hint = `${address ?? stack.name}   ${terminal ? keys : ''}`.trimEnd()
  let view = emptyView
  let hinted = false
  const show = (event: SupervisorEvent): void => {
    const line = eventLine(event)
    if (line !== undefined) printer.print('courante', line.trimEnd())
    view = reduce(view, event)
    if (hinted || event.type !== 'service_ready' || !isReady(view)) return
    hinted = true
    printer.print('courante', hint)
  }
  try {
    for await (const event of control.events(ended.signal, { output: true })) {
      if (event.type === 'hello') {
        view = reduce(view, event)
        const earlier = [...readers].flatMap(({ name, reader }) => earlierOf(name, reader, event, lines))
        // What happened before we were connected, such as an early crash.
        const recent = event.recent.map(each => ({ at: each.at, tell: () => show(each) }))
        const told = earlier.map(({ at, text, name }) => ({ at, tell: () => printer.print(name, text) }))
        for (const { tell } of [...told, ...recent].sort((a, b) => a.at - b.at)) tell()
      } else if (event.type === 'output') {
        for (const { service, end } of event.pieces) {
          for (const { text } of lines.get(service)?.upTo(end) ?? []) {
            printer.print(service, text)
            if (printer.full) await printer.drained()
          }
        }
      } else show(event)
    }
  } finally {
    stopKeys()
    io.signal.removeEventListener('abort', hangUp)
    ended.abort()
    // Nobody tells of the last words where the supervisor was killed.
    for (const [name, each] of lines) {
      for (const text of each.rest()) {
        printer.print(name, text)
        if (printer.full) await printer.drained()
      }
    }
    for (const { reader } of readers) reader.close()
    const rest = await following
    await rest?.()
  }
}

const mostOfStart = 16e6

interface EarlierLine {
  readonly at: number
  readonly name: string
  readonly text: string
}

/** The lines of this run before we came, and where the live ones go on. */
function earlierOf(
  name: string,
  reader: LogReader,
  { at, status }: SupervisorEvent & { type: 'hello' },
  lines: Map<string, ServiceLines>,
): EarlierLine[] {
  // What came between its opening and our first event is told by no event.
  reader.refresh()
  const begin = status.services.find(service => service.name === name)?.logStart ?? 0
  // Whoever started the run wants all of it; who joins later, or comes late to a flood, the end of what was.
  const isFirst = status.uptimeMs < 10_000 && reader.end - begin < mostOfStart
  const from = isFirst ? begin : Math.max(begin, reader.offsetOfLastLines(100))
  const service = new ServiceLines(reader, from)
  lines.set(name, service)
  return [...service.upTo(reader.end)].map(({ text, offset }) => ({
    at: reader.timeAt(offset) ?? at,
    name,
    text,
  }))
}

function isReady({ services }: View): boolean {
  return services.length > 0 && services.every(({ state }) => state === 'ready' || state === 'done')
}

class Printer {
  readonly #out: ConsoleContext['io']['stdout']
  readonly #colours: boolean
  readonly #width: number
  readonly #blank = new Set<string>()

  constructor({ stack, io }: ConsoleContext, colours: boolean) {
    this.#out = io.stdout
    this.#colours = colours
    this.#width = Math.max(...Object.keys(stack.services).map(name => name.length), 'transcript'.length)
  }

  /** The reader is slower than we are: it is waited for, so that a flood does not pile up here. */
  get full(): boolean {
    return this.#out.writableNeedDrain
  }

  drained(): Promise<void> {
    return drained(this.#out)
  }

  print(name: string, text: string): void {
    // A program that clears its screen by a page of empty lines must not push the others off ours.
    if (text.trim() === '' && this.#blank.has(name)) return
    if (text.trim() === '') this.#blank.add(name)
    else this.#blank.delete(name)
    const label = name.padEnd(this.#width)
    const before = this.#colours ? styleText('dim', `${label} │`) : `${label} |`
    this.#out.write(`${before} ${this.#colours ? colouredText(text) : lineText(text)}\n`)
  }
}

/** Follows it until the signal; what was written after the last look comes out through the function that it resolves to. */
async function followTranscript(
  path: string,
  signal: AbortSignal,
  write: (text: string) => void,
): Promise<() => Promise<void>> {
  let position: number | undefined
  for await (const { offset, line } of tail(path, { from: { lines: 10 }, signal, rescanMs: 1000 })) {
    position = offset
    write(line)
  }
  return async () => {
    if (position === undefined) return
    const rest = (await readFile(path)).subarray(position).toString()
    for (const line of rest.split('\n')) if (line !== '') write(line)
  }
}
