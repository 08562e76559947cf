import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters, styleText } from 'node:util'
import { tail } from '../../../lib/tail.ts'
import type { ConsoleContext } from '../console.ts'
import { emptyView, reduce, type View } from '../view.ts'
import { eventLine } from '../../supervisor/event-lines.ts'
import type { SupervisorEvent } from '../../supervisor/events.ts'

/**
 * Every line of every service with its name before it, for pipes, CI, and terminals without tmux. On a terminal the
 * single keys work too.
 */
export async function plainConsole(context: ConsoleContext): Promise<void> {
  const { stack, io, client, transcript, address } = context
  const terminal = io.stdout.isTTY === true
  const colours = terminal && io.env['NO_COLOR'] === undefined
  const width = Math.max(...Object.keys(stack.services).map(name => name.length), 'transcript'.length)
  const blank = new Set<string>()
  const write = (name: string, text: string): void => {
    // A program that clears its screen by a page of empty lines must not push the others off ours.
    if (text.trim() === '' && blank.has(name)) return
    if (text.trim() === '') blank.add(name)
    else blank.delete(name)
    const label = name.padEnd(width)
    io.stdout.write(`${colours ? styleText('dim', `${label} │`) : `${label} |`} ${shown(text, colours)}\n`)
  }
  const control = await client
  const ended = new AbortController()
  const files = [
    ...Object.keys(stack.services).map(name => ({ name, path: join(stack.home, 'logs', `${name}.log`) })),
    { name: 'transcript', path: transcript },
  ]
  const following = files.map(file =>
    follow(file.path, file.name === 'transcript', ended.signal, text => write(file.name, text)),
  )
  const stopKeys = terminal
    ? keys(context, key => void control.key(key).catch(() => undefined))
    : () => undefined
  const hint = `${address ?? stack.name}   ${terminal ? 'Q quit  R restart  P pull' : ''}`.trimEnd()
  let view = emptyView
  let hinted = false
  const show = (event: SupervisorEvent): void => {
    const line = eventLine(event)
    if (line !== undefined) write('courante', line.trimEnd())
    view = reduce(view, event)
    if (hinted || event.type !== 'service_ready' || !isReady(view)) return
    hinted = true
    write('courante', hint)
  }
  try {
    for await (const event of control.events()) {
      show(event)
      // What happened before we were connected, such as an early crash.
      if (event.type === 'hello') for (const earlier of event.recent) show(earlier)
    }
  } finally {
    stopKeys()
    ended.abort()
    const remainders = await Promise.all(following)
    for (const [index, rest] of remainders.entries())
      await rest(text => write(files[index]?.name ?? '', text))
  }
}

function isReady({ services }: View): boolean {
  return services.length > 0 && services.every(({ state }) => state === 'ready')
}

/** Carriage returns of the terminal go; so do colours where nobody sees them. */
function shown(text: string, colours: boolean): string {
  const line = text.replace(/\r+$/, '').replace(/^.*\r/, '')
  // Colours may pass; what moves the cursor or clears the screen would take the other services' lines with it.
  return colours
    ? line.replaceAll(
        /\u001b(?:\[[0-?]*[ -/]*[@-ln-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[()][0-9A-B]|[78=>])/g,
        '',
      )
    : stripVTControlCharacters(line)
}

/**
 * Follows one file until the signal. What was written after the last look comes out through the function that it
 * resolves to: the last words of a service matter most.
 */
async function follow(
  path: string,
  fromEnd: boolean,
  signal: AbortSignal,
  write: (text: string) => void,
): Promise<(write: (text: string) => void) => Promise<void>> {
  let position: number | undefined
  const from = fromEnd ? { lines: 10 } : { lines: 100 }
  for await (const { offset, line } of tail(path, { from, signal, rescanMs: 1000 })) {
    position = offset
    write(line)
  }
  return async writeRest => {
    if (position === undefined && fromEnd) return
    const bytes = await readFile(path)
    const rest = bytes.subarray(position ?? 0).toString()
    for (const line of rest.split('\n')) if (line !== '') writeRest(line)
  }
}

/** Single keys from the terminal, without Enter. Returns the function that gives the terminal back as it was. */
function keys({ io }: ConsoleContext, press: (key: 'q' | 'r' | 'p') => void): () => void {
  const stdin = io.stdin as NodeJS.ReadStream
  if (!stdin.isTTY) return () => undefined
  const onData = (chunk: Buffer): void => {
    for (const character of chunk.toString().toLowerCase()) {
      if (character === 'q' || character === 'r' || character === 'p') press(character)
      // In raw mode Ctrl-C is a character; it means what it means everywhere.
      if (character === '\u0003') process.kill(process.pid, 'SIGINT')
    }
  }
  stdin.setRawMode(true)
  stdin.on('data', onData)
  return () => {
    stdin.off('data', onData)
    stdin.setRawMode(false)
    stdin.pause()
  }
}
