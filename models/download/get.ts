import type { Dispatcher } from 'undici'
import { FailureError, failureOf } from './failure.ts'

export interface Head {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** Takes what arrives; a promise holds the connection up until it resolves. */
export type Receive = (chunk: Buffer) => Promise<void> | undefined

/**
 * One request, no redirect followed. `onHead` says who takes the body; undefined: nobody, and the rest of it is not waited for.
 * Rejects with a FailureError for what the network does, with the signal's reason, or with what a receiver threw.
 */
export function get(
  agent: Dispatcher,
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  onHead: (head: Head) => Promise<Receive | undefined>,
): Promise<Head> {
  const { promise, resolve, reject } = Promise.withResolvers<Head>()
  const { origin, pathname, search } = new URL(url)
  let controller: Dispatcher.DispatchController | undefined
  let head: Head | undefined
  let receive: Receive | undefined
  let deciding = Promise.resolve()
  // A server that closes at once is read to the end, held up or not.
  const early: Buffer[] = []
  let ended = false
  const end = (error?: unknown): void => {
    if (ended) return
    ended = true
    signal.removeEventListener('abort', stop)
    if (error === undefined && head !== undefined) resolve(head)
    // oxlint-disable-next-line prefer-promise-reject-errors -- a signal's reason is what its owner made it
    else reject(error)
  }
  const abandon = (error?: unknown): void => {
    end(error)
    controller?.abort(new Error('no longer wanted'))
  }
  const stop = (): void => abandon(signal.reason)
  const hold = (until: Promise<void>): void => {
    controller?.pause()
    until.then(() => controller?.resume(), abandon)
  }
  const take = (chunk: Buffer): void => {
    if (ended || receive === undefined) return
    try {
      const until = receive(chunk)
      if (until !== undefined) hold(until)
    } catch (error) {
      abandon(error)
    }
  }
  signal.addEventListener('abort', stop)
  agent.dispatch(
    {
      origin,
      path: pathname + search,
      method: 'GET',
      headers: { 'accept-encoding': 'identity', ...headers },
    },
    {
      onRequestStart(its) {
        controller = its
        if (signal.aborted) stop()
      },
      onResponseStart(_, status, headers) {
        if (status < 200) return
        head = { status, headers: plain(headers) }
        deciding = onHead(head).then(its => {
          receive = its
          if (its === undefined) abandon()
          for (const chunk of early) take(chunk)
        })
        hold(deciding)
      },
      onResponseData(_, chunk) {
        if (receive === undefined) early.push(chunk)
        else take(chunk)
      },
      onResponseEnd() {
        deciding.then(() => end(), end)
      },
      onResponseError(_, error) {
        const failure = failureOf(error, head !== undefined)
        end(failure === undefined ? error : new FailureError(failure, { cause: error }))
      },
    },
  )
  return promise
}

function plain(headers: Readonly<Record<string, string | string[] | undefined>>): Head['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  )
}
