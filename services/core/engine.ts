import { z } from 'zod'
import type { ImageRequest } from '../portal/image-request.ts'
import type { LlmRequest } from '../portal/llm-request.ts'
import type { SttRequest } from '../portal/stt-request.ts'
import type { TtsRequest } from '../portal/tts-request.ts'

export type { ImageRequest, Painted, PaintLine } from '../portal/image-request.ts'
export type {
  ChatMessage,
  ChatRequest,
  CompleteRequest,
  EmbedRequest,
  Embedded,
  Generated,
  LlmRequest,
  Ranked,
  RerankRequest,
  TextLine,
  ToolCall,
} from '../portal/llm-request.ts'
export { pictureNames } from '../portal/picture-names.ts'
export type { SegmentLine, SttRequest } from '../portal/stt-request.ts'
export type { SpeechLine, Spoken, TtsRequest } from '../portal/tts-request.ts'

/**
 * What every engine is to core: a program of its own that loads one model and then works on requests. `runEngine`
 * (engine-program.ts) is the program around it; test/support/engine-contract.ts is what each has to hold to.
 */
export interface Engine {
  /** Throws an EngineError for what is wrong with the model or the machine. */
  load(setup: EngineSetup): Promise<LoadedModel>
}

export interface EngineSetup {
  readonly model: EngineModel
  /** What native code may use at most. */
  readonly threads: number
  /** Whether a GPU may be used. An engine that then finds none throws `no_gpu`, and is started again without. */
  readonly gpu: boolean
  /** Bytes that it may take there; undefined: the GPU's memory is the machine's. */
  readonly gpuBytes?: number
  readonly env: Readonly<Record<string, string | undefined>>
  /** From 0 to 1. */
  readonly onProgress: (progress: number) => void
}

const engineModelSchema = z.object({
  id: z.string(),
  engine: z.string(),
  /** Absolute paths by what they are to the engine, such as `model`, or `encoder` and `decoder`. */
  files: z.record(z.string(), z.string()),
  /** The engine's own; it checks them. */
  settings: z.record(z.string(), z.unknown()),
})
export type EngineModel = z.infer<typeof engineModelSchema>

export interface LoadedModel {
  /** How many requests it works on at once; core gives it no more. */
  readonly parallel: number
  /** For people: context size, voices … */
  readonly facts: Readonly<Record<string, string | number | readonly string[]>>
  /** Bytes of the machine's memory that programs take which it started; its own process is counted without it. */
  readonly childMemory?: () => number
  /** Bytes on the graphics cards, as `gpu`: 0 where it uses none after all. Without it, what core thought of counts. */
  readonly gpuMemory?: () => Promise<Readonly<Record<string, number>>>
  /**
   * Resolves with what `result.json` says beside `ok`, `id` and `model`. Throws an EngineError for what is wrong with the
   * request, and for `cancelled` within one token (or the like) after the signal.
   */
  run(job: EngineJob): Promise<Readonly<Record<string, unknown>>>
}

export type EngineRequest = LlmRequest | SttRequest | TtsRequest | ImageRequest

export interface EngineJob {
  readonly request: EngineRequest
  /** The request's attachments lie here; a client wrote them, so open them with `openPlain`. */
  readonly folder: string
  /** Files of the result go here. */
  readonly out: string
  /** A Unix socket may be made here, for a session's frames. Core removes it. */
  readonly socket: string
  readonly signal: AbortSignal
  /** One line of the job's stream. */
  say(line: unknown): void
  /** Resolves when core has taken what was said so far, or nearly; who says megabytes in a row waits for it. */
  heard(): Promise<void>
  /** The session's socket can be connected to. */
  listening(): void
}

/** Why an engine could not do a job, or not load its model, although it is well itself. Words for it are core's. */
const failureSchema = z.discriminatedUnion('reason', [
  z.object({ reason: z.literal('cancelled') }),
  z.object({ reason: z.literal('internal'), detail: z.string() }),
  /** The engine has no such ability, or not with this model: `embed`, `tools`, `voice de` … */
  z.object({ reason: z.literal('unsupported'), what: z.string() }),
  // Of a load:
  z.object({ reason: z.literal('missing_files'), files: z.array(z.string()) }),
  z.object({ reason: z.literal('bad_model'), detail: z.string() }),
  z.object({ reason: z.literal('bad_settings'), detail: z.string() }),
  z.object({ reason: z.literal('out_of_memory'), detail: z.string() }),
  /** It may use a GPU, and none answers. */
  z.object({ reason: z.literal('no_gpu'), detail: z.string() }),
  /** A program that the engine starts is not on this machine; `build`: it can be built from sources that we know. */
  z.object({
    reason: z.literal('missing_program'),
    program: z.string(),
    how: z.enum(['build', 'install']),
    detail: z.string(),
  }),
  // Of an engine that is somebody's own program (services/python/courante_engine.py):
  z.object({ reason: z.literal('missing_package'), package: z.string(), program: z.string() }),
  z.object({ reason: z.literal('bad_program'), program: z.string(), detail: z.string() }),
  // Of speech:
  z.object({
    reason: z.literal('bad_audio'),
    fault: z.enum([
      'missing',
      'empty',
      'unknown_format',
      'truncated',
      'no_audio',
      'encoding',
      'too_long',
      'no_ffmpeg',
    ]),
  }),
  /** Of what is made: MP3 and Opus need it. */
  z.object({ reason: z.literal('no_ffmpeg'), format: z.string() }),
  /** A file of the result: the disk is full, or the program that writes it failed. */
  z.object({ reason: z.literal('not_written'), file: z.string(), detail: z.string() }),
  z.object({ reason: z.literal('no_client') }),
  z.object({ reason: z.literal('bad_frames') }),
  /** On the disk, for files of the result. */
  z.object({ reason: z.literal('no_space') }),
  // Of pictures that a request brings:
  z.object({
    reason: z.literal('bad_image'),
    file: z.string(),
    fault: z.enum(['missing', 'empty', 'unknown_format', 'too_large', 'unreadable']),
  }),
  // Of text:
  z.object({
    reason: z.literal('context_too_long'),
    tokens: z.number(),
    context: z.number(),
    /** What the model was trained for, where more can be had. */
    trained: z.number().optional(),
  }),
  z.object({ reason: z.literal('bad_schema'), detail: z.string() }),
  z.object({ reason: z.literal('bad_grammar'), detail: z.string() }),
  /** Something in the request that only the engine could see to be wrong. */
  z.object({ reason: z.literal('bad_request'), detail: z.string() }),
  // Of an endpoint elsewhere; `status` is HTTP's.
  z.object({
    reason: z.literal('remote'),
    host: z.string(),
    fault: z.enum(['unreachable', 'timeout', 'unauthorized', 'refused', 'bad_answer', 'no_key']),
    status: z.number().optional(),
    detail: z.string(),
    retryAfter: z.number().positive().optional(),
  }),
])
export type EngineFailure = z.infer<typeof failureSchema>

/** An expected failure of an engine, thrown by its `load` and `run`. */
export class EngineError extends Error {
  readonly failure: EngineFailure

  constructor(failure: EngineFailure, options?: ErrorOptions) {
    super(failure.reason, options)
    this.failure = failure
  }
}

/** What core says to an engine's process, as JSON frames (lib/frames.ts) on its file descriptor 3. */
export const toEngineSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('load'),
    model: engineModelSchema,
    threads: z.number().int().positive(),
    gpu: z.boolean(),
    gpuBytes: z.number().positive().optional(),
  }),
  z.object({
    type: z.literal('run'),
    job: z.string(),
    /** Checked by core against the service's schema. */
    request: z.custom<EngineRequest>(value => typeof value === 'object' && value !== null),
    folder: z.string(),
    out: z.string(),
    socket: z.string(),
  }),
  /** Ends a job early; it is still answered. */
  z.object({ type: z.literal('cancel'), job: z.string() }),
])
export type ToEngine = z.infer<typeof toEngineSchema>

const answerSchemas = [
  z.object({ type: z.literal('done'), job: z.string(), body: z.record(z.string(), z.unknown()) }),
  z.object({ type: z.literal('failed'), job: z.string(), failure: failureSchema }),
] as const

/** What it answers there. */
export const fromEngineSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('loading'), progress: z.number() }),
  z.object({
    type: z.literal('loaded'),
    ms: z.number(),
    parallel: z.number().int().positive(),
    facts: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string()).readonly()])),
  }),
  z.object({ type: z.literal('load_failed'), failure: failureSchema }),
  z.object({ type: z.literal('listening'), job: z.string() }),
  z.object({ type: z.literal('line'), job: z.string(), line: z.unknown() }),
  ...answerSchemas,
  /** A sign of life each second, with the bytes that it takes: of its process, and on each GPU. */
  z.object({ type: z.literal('beat'), memory: z.number(), gpu: z.record(z.string(), z.number()) }),
])
export type FromEngine = z.infer<typeof fromEngineSchema>
export type EngineAnswer = z.infer<(typeof answerSchemas)[number]>
