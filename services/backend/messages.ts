import { exit } from '../../lib/exit.ts'
import type { Problem } from '../../lib/problem.ts'

export const problems = {
  portBusy: (port: number): Problem => ({
    code: 'port_busy',
    what: `port ${port} on 127.0.0.1 is in use by another program`,
    todo: `stop that program, or give the backend another port in stack.yaml (who has it: ss -ltnp 'sport = :${port}')`,
    exit: exit.failed,
  }),
  badEnvironment: (name: string, problem: string): Problem => ({
    code: 'bad_environment',
    what: `the environment variable ${name} is not usable: ${problem}`,
    todo: 'start the backend with `npm run up`, which sets it',
    exit: exit.usage,
  }),
} as const

/** Bodies of refused requests. */
export const messages = {
  notOurs:
    'This server answers only to this machine (Host and Origin must be 127.0.0.1, localhost or [::1]).\n',
  noCore: 'Core does not run, so there is nothing to measure. Start it: courante start core\n',
  noSuchSocket: 'There is no such WebSocket here. Try /v1/realtime.\n',
} as const

/** Lines of the backend's log. */
export const log = {
  listening: (address: string) => `backend listening on ${address}`,
  connection: (number: number, line: string) => `ws   #${number} ${line}`,
  opened: 'open /v1/realtime',
  /** 1000, 1001 and 1005 (no code) are how clients leave; any other code has a reason behind it. */
  closed: (code: number, seconds: number) =>
    `closed${[1000, 1001, 1005].includes(code) ? '' : ` (${code})`} after ${seconds} s`,
  heldBack: 'held back: it sends faster than the engine reads',
  unread: 'cut off: it does not read what it is sent',
  broken: (message: string) => `broken: ${message}`,
  engineReady: (ms: number) => `engine ready in ${Math.round(ms)} ms`,
  engineGone: (why: string) => `engine gone: ${why}`,
  final: (text: string, delayMs: number | undefined) => {
    const words = text.length > 40 ? `${text.slice(0, 39).trimEnd()}…` : text
    return `stt  "${words.replace(/\p{Cc}+/gu, ' ')}"${delayMs === undefined ? '' : ` ${delayMs} ms after its end`}`
  },
  transcriptFailed: (path: string, error: unknown) => `transcript: can't write ${path}: ${messageOf(error)}`,
  transcriptUnread: (path: string, error: unknown) => `transcript: can't read ${path}: ${messageOf(error)}`,
} as const

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
