/** Why one request brought nothing, or not all. Whether it is tried again is decided in retry.ts. */
export type Failure =
  | { readonly type: 'connection'; readonly code: string }
  | { readonly type: 'stalled' }
  /** The answer broke off. */
  | { readonly type: 'cut_short' }
  | { readonly type: 'status'; readonly status: number; readonly retryAfter?: string }

export class FailureError extends Error {
  readonly failure: Failure

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.type, options)
    this.name = 'FailureError'
    this.failure = failure
  }
}

/** What of the network's errors is expected; undefined for a bug. `begun`: the answer had begun. */
export function failureOf(error: unknown, begun: boolean): Failure | undefined {
  const { code } = error as NodeJS.ErrnoException
  switch (code) {
    case undefined:
      // Such as an ERR_ of undici's parser: its errors are the server's doing.
      return (error as Error).name === 'HTTPParserError'
        ? { type: 'connection', code: 'not HTTP' }
        : undefined
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return { type: 'stalled' }
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return { type: 'cut_short' }
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
    case 'EPIPE':
      return begun ? { type: 'cut_short' } : { type: 'connection', code: 'the connection was closed' }
    default:
      // Ours: a request that can't be made is a bug. All others (E…, CERT_…, ERR_TLS_…, HPE_…) are of the way there.
      return code.startsWith('UND_ERR_INVALID') || code.startsWith('ERR_INVALID')
        ? undefined
        : { type: 'connection', code }
  }
}
