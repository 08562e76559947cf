import type { ZodType } from 'zod'
import type { Claim } from './claim.ts'
import type { ReadRequest } from './read-request.ts'
import type { Result, Status } from './request.ts'
import type { LlmRequestInput } from './llm-request.ts'
import type { SttRequestInput } from './stt-request.ts'
import type { TtsRequestInput } from './tts-request.ts'
import type { Outcome, Voice } from './running-job.ts'

/**
 * How requests travel. Today there is one carrier, folders on one machine; `test/support/transport-contract.ts` says what any
 * carrier has to hold to, and runs over every pairing of our clients and workers.
 */

/** The client's end. An accepted request (`submit` returned) is executed at least once and has exactly one result. */
export interface ClientTransport extends Disposable {
  submit(request: RequestInput, options?: SubmitOptions): Promise<SubmittedJob>
  /** By its id, also after the end of the process that submitted it. */
  job(id: string): Promise<SubmittedJob>
}

/** What a client may ask of any service. */
export type RequestInput =
  | SttRequestInput
  | LlmRequestInput
  | TtsRequestInput
  | Readonly<Record<string, unknown>>

export interface SubmitOptions {
  readonly files?: readonly Attachment[]
  readonly signal?: AbortSignal
  /** Your own, so that a client which was killed finds its job again; a second submission under it is the same job. */
  readonly id?: string
  /** When the answer is of no use any more. */
  readonly deadline?: Date
}

/** A file that travels with a request: a copy of `from` under `name`. */
export interface Attachment {
  readonly name: string
  readonly from: string
}

export interface SubmittedJob extends Disposable {
  readonly id: string
  /**
   * Collects the result: it is gone from the carrier afterwards, and files that the service made lie in `filesTo` if that
   * is given. To stop waiting is not to cancel.
   */
  wait(signal?: AbortSignal, options?: { filesTo?: string }): Promise<Result>
  waitForStatus(signal?: AbortSignal): Promise<RunningOrEnded>
  /** What the job says while it runs, in order, until it ends. */
  stream(signal?: AbortSignal): AsyncGenerator
  /** There is one result either way. */
  cancel(): Promise<void>
}

export type RunningOrEnded =
  | { readonly type: 'running'; readonly status: Status }
  | { readonly type: 'ended'; readonly result: Result }

/** The worker's end. From `open` to `close` it gives signs of life (heartbeat), and takes over what the dead have left. */
export interface WorkerTransport {
  /** Throws when another worker serves this service. What waits already has been told when it returns. */
  open(events: WorkerEvents): Promise<void>
  /**
   * Undefined: lost to somebody else, withdrawn, or answered already, which is normal. Throws when nothing can be claimed at
   * the moment, as on a disk that is full.
   */
  claim(user: string, name: string): Claim | undefined
  /** A duplicate that nobody waits for. */
  drop(user: string, name: string): void
  /** Undefined: the claim was lost meanwhile. */
  read<R>(claim: Claim, schema: ZodType<R>): Promise<ReadRequest<R> | undefined>
  /** Of a job that waits, without claiming it; undefined if it has gone. */
  look<R>(user: string, name: string, schema: ZodType<R>): Promise<Look<R> | undefined>
  voice(claim: Claim): Voice
  /** False: the claim was lost, and another attempt answers. */
  finish(claim: Claim, outcome: Outcome): Promise<boolean>
  /** The wish to cancel has been met or has no object. */
  forgetCancel(user: string, id: string): void
  /** Bytes, as of the last look around. */
  readonly free: number
  close(): Promise<void>
}

export interface Look<R> {
  readonly bytes: number
  readonly read: ReadRequest<R>
}

/** The code of the error of a claim by a worker that was stopped for longer than its lease. */
export const overslept = 'OVERSLEPT'

/** What a carrier tells its worker, and asks it. The same may be told more than once. */
export interface WorkerEvents {
  waiting(user: string, name: string): void
  cancelled(user: string, id: string): void
  isRunning(user: string, id: string): boolean
  /** All that waits has been told. Nothing may be claimed while another worker, which took over, serves this service. */
  looked(mayClaim: boolean): void
  log(line: string): void
}
