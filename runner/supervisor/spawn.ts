import { accessSync, constants, readSync, statSync } from 'node:fs'
import { constants as osConstants } from 'node:os'
import { delimiter, dirname, resolve } from 'node:path'
import type { ReadStream } from 'node:tty'
import type { Stack } from '../stack/model.ts'
import type { NotStarted } from './events.ts'

/**
 * One running program on a terminal of its own, leader of its own session and process group (the fork of a pty makes
 * both, so nothing detaches twice).
 */
export interface Terminal {
  readonly pid: number
  /** The leader has ended; others may still hold the terminal. */
  readonly leaderEnded: Promise<void>
  /** The leader has ended, and every byte that was written is out. */
  readonly closed: Promise<{ code: number; signal: string | undefined }>
  /** Takes what is left and lets go of the terminal, whoever still holds its other end. Only after the leader has ended. */
  release(): void
  /** Bytes as they would come from a keyboard. */
  write(bytes: string): void
  resize(columns: number, rows: number): void
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

export type Spawn = (
  stack: Stack,
  name: string,
  inherited: Env,
  size: Size,
  onData: (chunk: Buffer) => void,
) => Terminal | NotStarted

type Env = Readonly<Record<string, string | undefined>>

/** Loads the terminal package and returns the one function that spawns a service. Rejects where its binary is missing. */
export async function loadSpawn(): Promise<Spawn> {
  const pty = await import('@lydell/node-pty')
  return (stack, name, inherited, size, onData) => {
    const service = stack.services[name]
    if (service === undefined) throw new Error(`no service ${name}`)
    const env = serviceEnv(stack, name, inherited)
    const [file = '', ...args] =
      typeof service.command === 'string' ? ['sh', '-c', shellLine(service.command)] : service.command
    const hindrance = whyNot(file, service.cwd, env['PATH'] ?? '')
    if (hindrance !== undefined) return hindrance
    // Trap: the package leaves the terminals that are open already open in the new program too (no FD_CLOEXEC on a
    // pty's master). Nothing reads them there, and their number is bounded by the number of services.
    try {
      // `encoding: null` gives raw bytes; the package's types do not know that.
      const child = pty.spawn(file, args, {
        name: 'xterm-256color',
        cols: size.columns,
        rows: size.rows,
        cwd: service.cwd,
        env,
        encoding: null,
      })
      return terminal(child as unknown as PtyChild, onData)
    } catch (error) {
      return { reason: 'system', detail: (error as Error).message }
    }
  }
}

/** What a service finds in its environment, beside what the supervisor itself was given. */
export function serviceEnv(stack: Stack, name: string, inherited: Env): Record<string, string> {
  const service = stack.services[name]
  const env: Record<string, string> = {}
  for (const [key, value] of Object.entries(inherited))
    if (value !== undefined && !terminalVariables.has(key)) env[key] = value
  const ports = Object.entries(stack.services).filter(([, { port }]) => port !== undefined)
  for (const [other, { port }] of ports) env[`COURANTE_PORT_${variableName(other)}`] = String(port)
  Object.assign(env, {
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    PYTHONUNBUFFERED: '1',
    // The Node that runs us, also where an older one comes first on the user's path.
    PATH: [
      ...venvFirst(service?.env['VIRTUAL_ENV']),
      dirname(process.execPath),
      env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    ].join(delimiter),
    COURANTE_HOME: stack.home,
    COURANTE_SOCKETS: stack.sockets,
    COURANTE_MODELS: stack.models,
    ...(service?.port === undefined ? {} : { PORT: String(service.port) }),
    ...service?.env,
    // Not for the stack file to change: by these two every process of a service is found at its end.
    COURANTE_RUN: stack.run,
    COURANTE_SERVICE: name,
  })
  return env
}

/** `exec` spares a shell that only waits, but it would break `cd web && npm run dev`: only a simple command gets it. */
export function shellLine(command: string): string {
  const first = /^[\w./@:+-]+(?=\s|$)/.exec(command.trim())?.[0]
  const simple = first !== undefined && !/[;&|\n<>(){}`]/.test(command) && !shellWords.has(first)
  return simple ? `exec ${command.trim()}` : command
}

const shellWords = new Set(
  '. : alias break case cd command continue do done elif else esac eval exec exit export false fi for if in read readonly return set shift source then times trap true type ulimit umask unset until wait while'.split(
    ' ',
  ),
)

/** Of the terminal that `up` was typed in; a service has its own. */
const terminalVariables = new Set(
  'TMUX TMUX_PANE STY WINDOW WINDOWID TERMCAP COLUMNS LINES TERM_PROGRAM TERM_PROGRAM_VERSION'.split(' '),
)

function variableName(service: string): string {
  return service.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')
}

/** The package reports a missing program only as exit code 1 after a fork, so it is looked for before. */
function whyNot(file: string, cwd: string, path: string): NotStarted | undefined {
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
    return { reason: 'no_folder', folder: cwd }
  const places = file.includes('/')
    ? [resolve(cwd, file)]
    : path.split(delimiter).map(dir => resolve(cwd, dir, file))
  return places.some(isProgram) ? undefined : { reason: 'no_program', program: file }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return false
    throw error
  }
}

/** The parts of the package's Unix terminal that are used; `_socket` and `fd` are not in its types (version pinned). */
interface PtyChild {
  readonly pid: number
  readonly fd: number
  readonly _socket: ReadStream
  write(bytes: string): void
  resize(columns: number, rows: number): void
  onData(listener: (chunk: Buffer) => void): void
  onExit(listener: (exit: { exitCode: number; signal?: number }) => void): void
}

/**
 * 200 ms after the leader's end the package destroys the terminal, read or not. That would lose output on a busy machine
 * and hang up on a grandchild that is still ending politely; so its `destroy` only tells us, and `release` does it.
 */
function terminal(child: PtyChild, onData: (chunk: Buffer) => void): Terminal {
  const leaderEnded = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<{ code: number; signal: string | undefined }>()
  const socket = child['_socket']
  const destroy = socket.destroy.bind(socket)
  let open = true
  socket.destroy = (error?: Error) => {
    // With an error (EIO: the other end is closed) or at the end it is Node itself that calls.
    if (error !== undefined || socket.readableEnded) return destroy(error)
    leaderEnded.resolve()
    return socket
  }
  socket.once('close', () => (open = false))
  child.onData(onData)
  child.onExit(({ exitCode, signal }) => {
    leaderEnded.resolve()
    closed.resolve({ code: exitCode, signal: signalName(signal) })
  })
  return {
    pid: child.pid,
    leaderEnded: leaderEnded.promise,
    closed: closed.promise,
    write: bytes => {
      if (open) child.write(bytes)
    },
    resize: (columns, rows) => {
      if (open) child.resize(columns, rows)
    },
    release() {
      if (!open) return
      open = false
      drain(child.fd, onData)
      destroy()
    },
  }
}

function drain(fd: number, onData: (chunk: Buffer) => void): void {
  // Bounded: a daemon that goes on writing must not keep us here.
  for (let rounds = 0; rounds < 256; rounds++) {
    const chunk = Buffer.allocUnsafe(4096)
    try {
      const length = readSync(fd, chunk)
      if (length === 0) return
      onData(chunk.subarray(0, length))
    } catch (error) {
      // EAGAIN: nothing more is there now; EIO: the other end is closed.
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN' || code === 'EIO' || code === 'EBADF') return
      throw error
    }
  }
}

function signalName(number: number | undefined): string | undefined {
  if (number === undefined || number === 0) return undefined
  const found = Object.entries(osConstants.signals).find(([, value]) => value === number)
  return found?.[0] ?? `signal ${number}`
}

/** As `activate` of a Python venv does: its programs come before all others. */
function venvFirst(venv: string | undefined): string[] {
  return venv === undefined ? [] : [resolve(venv, 'bin')]
}
