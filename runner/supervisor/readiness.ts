import { spawn } from 'node:child_process'
import type { ClientRequest } from 'node:http'
import { connect } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as delay } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { http } from '../../lib/http.ts'
import type { Ready } from '../stack/model.ts'
import { signalGroup } from './group.ts'

/** What a probe needs to know of its service. `onOutput` subscribes to its raw output and returns the unsubscription. */
export interface Probed {
  readonly cwd: string
  readonly env: Record<string, string>
  onOutput(listener: (chunk: Buffer) => void): () => void
}

/** Resolves with true as soon as the service is ready, with false when the signal aborts. */
export async function untilReady(ready: Ready, probed: Probed, signal: AbortSignal): Promise<boolean> {
  if (ready.type === 'started') return true
  if (ready.type === 'log') return await untilLine(new RegExp(ready.pattern), probed, signal)
  // Fast at first: a service is usually up within a second, and its dependents wait for it.
  for (let pause = 20; !signal.aborted; pause = Math.min(pause * 1.2, 500)) {
    if (await probe(ready, probed, signal)) return !signal.aborted
    await pauseUnless(signal, pause)
  }
  return false
}

async function pauseUnless(signal: AbortSignal, ms: number): Promise<void> {
  try {
    await delay(ms, undefined, { signal })
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error
  }
}

/** One try. Not for what is not asked but waited for (its start, a line). */
export async function probe(ready: Ready, probed: Probed, signal: AbortSignal): Promise<boolean> {
  switch (ready.type) {
    case 'tcp':
      return await answersTcp(ready.port, ready.host, signal)
    case 'http':
      return await answersHttp(ready.url, signal)
    case 'exec':
      return await succeeds(ready.command, probed, signal)
    case 'started':
    case 'log':
      throw new Error(`${ready.type} is not polled`)
  }
}

async function untilLine(pattern: RegExp, probed: Probed, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const decoder = new StringDecoder('utf8')
  let line = ''
  const unsubscribe = probed.onOutput(chunk => {
    const lines = (line + decoder.write(chunk)).split(/[\r\n]+/)
    // The unfinished line counts too: a prompt does not end in a newline. Its length is bounded, who knows what comes.
    line = (lines.at(-1) ?? '').slice(-65_536)
    if (lines.some(text => pattern.test(stripVTControlCharacters(text)))) resolve(true)
  })
  const aborted = (): void => resolve(false)
  signal.addEventListener('abort', aborted)
  if (signal.aborted) aborted()
  const seen = await promise
  unsubscribe()
  signal.removeEventListener('abort', aborted)
  return seen
}

async function answersTcp(port: number, host: string, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ port, host, signal })
  socket.setTimeout(attemptMs, () => resolve(false))
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  const answered = await promise
  socket.destroy()
  return answered
}

/** Any answer below 400 is a yes: a page that redirects is up. */
async function answersHttp(url: string, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  let request: ClientRequest
  const options = { signal, timeout: attemptMs, agent: false }
  if (url.startsWith('https:')) {
    request = process.getBuiltinModule('node:https').get(url, options)
  } else {
    request = http.get(url, options)
  }
  request.once('response', response => {
    response.resume()
    resolve((response.statusCode ?? 500) < 400)
  })
  request.on('timeout', () => resolve(false))
  request.on('error', () => resolve(false))
  const answered = await promise
  request.destroy()
  return answered
}

async function succeeds(command: string, probed: Probed, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const child = spawn('sh', ['-c', command], {
    cwd: probed.cwd,
    env: probed.env,
    stdio: 'ignore',
    detached: true,
  })
  const give = (): void => resolve(false)
  const timer = setTimeout(give, 10_000)
  signal.addEventListener('abort', give)
  child.once('error', give)
  child.once('exit', code => resolve(code === 0))
  const good = await promise
  clearTimeout(timer)
  signal.removeEventListener('abort', give)
  if (child.pid !== undefined && child.exitCode === null) signalGroup(child.pid, 'SIGKILL')
  return good
}

const attemptMs = 2000
