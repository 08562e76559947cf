import { ReadStream, WriteStream } from 'node:tty'
import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { QueueMeter, type QueueLoad } from '../../services/portal/queue-meter.ts'
import { TerminalSession } from '../console/builtin/terminal/session.ts'
import { jsonOption, openPortal, parsePortal, type Portal } from './open.ts'
import { topLines } from './top-lines.ts'

/** The queues, drawn anew each second until Q, Ctrl-C or a signal; once where nobody watches. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parsePortal('top', argv, jsonOption, { least: 0, most: 0 })
  const portal = await openPortal(values, io)
  const meter = new QueueMeter(portal.spool)
  const { stdin, stdout } = io
  if (values.json !== true && stdin instanceof ReadStream && stdout instanceof WriteStream)
    return watch(portal, meter, { stdin, stdout }, io.signal)
  const now = Date.now()
  const load = await meter.look(now)
  const text =
    values.json === true
      ? JSON.stringify(forPrograms(load, now), null, 2)
      : topLines(load, { now }).join('\n')
  stdout.write(`${text}\n`)
  return exit.ok
}

const drawMs = 1000

/** Exit code 0 after Q, 128+n after Ctrl-C, a signal or the end of the terminal. */
async function watch(
  { spool }: Portal,
  meter: QueueMeter,
  terminal: { stdin: ReadStream; stdout: WriteStream },
  signal: AbortSignal,
): Promise<number> {
  const { promise: end, resolve, reject: fail } = Promise.withResolvers<number>()
  let last: { load: QueueLoad; now: number } | undefined
  const session = new TerminalSession({
    ...terminal,
    onInput: event => {
      if (event.type !== 'key') return
      if (event.ctrl && event.key === 'c') resolve(exitCodeOf('SIGINT'))
      else if (event.key.toLowerCase() === 'q') resolve(exit.ok)
    },
    onResize: () => draw(),
    onGone: () => resolve(exitCodeOf('SIGHUP')),
  })
  const draw = (): void => {
    if (last === undefined) return
    const { columns, rows } = session
    // To the last column, it would be erased with what is right of the text.
    const lines = topLines(last.load, { now: last.now, spool, columns: columns - 1, rows })
    session.write(`\x1b[H${lines.map(line => `${line}\x1b[K`).join('\r\n')}\x1b[J`)
  }
  const stopped = (): void => resolve(exitCodeOf(String(signal.reason)))
  signal.addEventListener('abort', stopped)
  let timer: NodeJS.Timeout | undefined
  let over = false
  const look = async (): Promise<void> => {
    const now = Date.now()
    last = { load: await meter.look(now), now }
    if (over) return
    draw()
    timer = setTimeout(() => void look().catch(fail), drawMs)
  }
  session.enter()
  try {
    void look().catch(fail)
    return await end
  } finally {
    over = true
    clearTimeout(timer)
    signal.removeEventListener('abort', stopped)
    session.leave()
  }
}

function forPrograms({ services, users }: QueueLoad, now: number): unknown {
  return {
    time: new Date(now).toISOString(),
    services: services.map(({ oldest, workers, ...load }) => ({
      ...load,
      oldest: oldest === undefined ? null : new Date(oldest).toISOString(),
      workers: workers.map(({ pid, holder, silentMs, claims }) => ({
        pid,
        state: holder,
        silentMs: Math.round(silentMs),
        running: claims.length,
      })),
    })),
    users,
  }
}
