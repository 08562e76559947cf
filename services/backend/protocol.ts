import { z } from 'zod'
import { agentSchema } from '../chat/agents/agent.ts'
import { problemSchema, roomSchema } from '../chat/protocol.ts'
import { scopeSchema, userRoleSchema } from '../chat/users/who.ts'

/**
 * What goes over `/api` beside rooms and their messages, which are in services/chat/protocol.ts: people, agents, models, the
 * system. The page and the shell take their types from here.
 */

export const meSchema = z.object({
  /** `local`: nobody has to log in here. */
  mode: z.enum(['local', 'accounts']),
  name: z.string(),
  role: userRoleSchema,
  via: z.enum(['local', 'session', 'key']),
  scopes: z.union([z.literal('all'), z.array(scopeSchema)]),
})
export type Me = z.infer<typeof meSchema>

export const sessionSchema = z.object({
  id: z.string(),
  created: z.string(),
  used: z.string(),
  /** What the browser said of itself. */
  agent: z.string(),
  /** The one that asks. */
  own: z.boolean(),
})
export type Session = z.infer<typeof sessionSchema>

export const keySchema = z.object({
  id: z.string(),
  label: z.string(),
  scopes: z.array(scopeSchema),
  created: z.string(),
  /** Null: never. */
  used: z.string().nullable(),
})
export type ApiKey = z.infer<typeof keySchema>

export const userSchema = z.object({
  name: z.string(),
  role: userRoleSchema,
  disabled: z.boolean(),
  /** Only admins are told. */
  created: z.string().optional(),
  /** False for the user of this machine. Only admins are told. */
  hasPassword: z.boolean().optional(),
})
export type User = z.infer<typeof userSchema>

export const invitationSchema = z.object({
  id: z.string(),
  /** To become a user, or to choose a new password. */
  kind: z.enum(['invitation', 'reset']),
  role: userRoleSchema,
  name: z.string().nullable(),
  madeBy: z.string(),
  created: z.string(),
  expires: z.string(),
})
export type Invitation = z.infer<typeof invitationSchema>

export const auditEntrySchema = z.object({
  at: z.string(),
  who: z.string().nullable(),
  what: z.string(),
  about: z.string().nullable(),
  address: z.string().nullable(),
})
export type AuditEntry = z.infer<typeof auditEntrySchema>

export const memberRoleSchema = z.enum(['reader', 'writer'])
export const roomDetailSchema = roomSchema.extend({
  members: z.array(z.object({ name: z.string(), role: memberRoleSchema })),
})
export type RoomDetail = z.infer<typeof roomDetailSchema>

export const listedAgentSchema = agentSchema.extend({ shipped: z.boolean() })
export type ListedAgent = z.infer<typeof listedAgentSchema>

export const agentFaultSchema = z.object({ problem: z.string(), agent: z.string().optional() })
export type AgentFault = z.infer<typeof agentFaultSchema>

export const foundSchema = z.object({
  /** For the next page: the last one's is `before`. */
  at: z.number().int(),
  room: z.string(),
  /** The message's ordinal. */
  id: z.number().int(),
  author: z.string().nullable(),
  /** A piece of its text; U+0002 and U+0003 stand around what was found. */
  snippet: z.string(),
  hash: z.string(),
})
export type Found = z.infer<typeof foundSchema>

/** Bytes by device: `memory` is the machine's own, the others are GPUs. */
const bytesByDevice = z.record(z.string(), z.number())

/**
 * What a model does. On its way from the network: absent → fetching → installed (or absent again, with `problem`); on its way
 * into memory: installed → loading → ready → unloading → installed.
 */
export const modelStateSchema = z.discriminatedUnion('type', [
  /** `problem`: why the last download ended. What has come is kept, and the next one goes on there. */
  z.object({ type: z.literal('absent'), problem: problemSchema.optional() }),
  /** `notice`: a sentence about why it is slow or begins anew. */
  z.object({
    type: z.literal('fetching'),
    bytes: z.number(),
    total: z.number(),
    notice: z.string().optional(),
  }),
  /** `problem`: why it could not be loaded or unloaded the last time. */
  z.object({ type: z.literal('installed'), problem: problemSchema.optional() }),
  /** From 0 to 1. */
  z.object({ type: z.literal('loading'), progress: z.number() }),
  z.object({
    type: z.literal('ready'),
    /** Bytes of memory and of GPUs, measured. */
    measured: z.number(),
    gpu: bytesByDevice,
    inFlight: z.number(),
    waiting: z.number(),
    parallel: z.number(),
    /** Since it was last used; null: it is in use. */
    idleMs: z.number().nullable(),
  }),
  z.object({ type: z.literal('unloading') }),
])
export type ModelState = z.infer<typeof modelStateSchema>

export const modelKindSchema = z.enum(['llm', 'embedding', 'rerank', 'stt', 'vad', 'tts', 'image'])

export const modelSchema = z.object({
  id: z.string(),
  kind: modelKindSchema,
  title: z.string(),
  licence: z.string(),
  /** Which program runs it; empty: it is a part of others. */
  engine: z.string(),
  origin: z.enum(['shipped', 'catalog', 'yours', 'ollama', 'lmstudio', 'huggingface']),
  /** On the disk, of its own files. */
  bytes: z.number(),
  /** What it is thought to take when loaded; null: not known. */
  memory: z.number().nullable(),
  /** What requests of its kind get that name none. */
  isDefault: z.boolean(),
  pinned: z.boolean(),
  /** It takes pictures. */
  vision: z.boolean(),
  /**
   * Null: it is here, or can't be got. Else what getting it brings, with all that it needs; whoever agrees sends these
   * `bytes` back, so nobody gets more than was shown.
   */
  download: z
    .object({
      bytes: z.number(),
      parts: z.array(
        z.object({
          id: z.string(),
          title: z.string(),
          bytes: z.number(),
          licence: z.string(),
          from: z.string(),
        }),
      ),
    })
    .nullable(),
  state: modelStateSchema,
})
export type Model = z.infer<typeof modelSchema>

export const modelsSchema = z.object({
  core: z.enum(['running', 'absent']),
  /** Bytes that models may take on each device, and that are reserved for them. Empty without core. */
  budget: bytesByDevice,
  used: bytesByDevice,
  models: z.array(modelSchema),
  /** What is wrong with models.yaml, a sentence each. Only admins are told. */
  faults: z.array(z.string()),
})
export type Models = z.infer<typeof modelsSchema>

export const serviceSchema = z.object({
  name: z.string(),
  /** As `courante status` has it: ready, starting, backing_off … */
  state: z.string(),
  pid: z.number().optional(),
  uptimeMs: z.number().optional(),
  restarts: z.number(),
  port: z.number().optional(),
  /** Of all its processes. `cpu`: 1 is one core. */
  usage: z.object({ cpu: z.number(), memory: z.number(), processes: z.number() }).optional(),
  /** Why it does not run, in words. */
  why: z.string().optional(),
})

export const systemSchema = z.object({
  version: z.string(),
  /** The folder of all that this run writes. */
  home: z.string(),
  /** Null: the backend was started without a supervisor, by hand. */
  stack: z
    .object({
      name: z.string(),
      uptimeMs: z.number(),
      ready: z.boolean(),
      services: z.array(serviceSchema),
    })
    .nullable(),
  core: z.enum(['running', 'absent']),
  budget: bytesByDevice,
  used: bytesByDevice,
  /** Jobs of each service that core has claimed. */
  queues: z.record(z.string(), z.object({ working: z.number(), waiting: z.number() })),
  disk: z.object({ free: z.number(), total: z.number() }),
})
export type System = z.infer<typeof systemSchema>

/**
 * Events of `/api/changes`, a WebSocket: something of this kind is another one by now; ask again. `beat` comes when nothing
 * else has for 15 s, on the streams of rooms, too: whoever hears nothing for 40 s has lost the connection.
 */
export const changeSchema = z.object({ type: z.enum(['rooms', 'agents', 'models', 'users', 'beat']) })
export type Change = z.infer<typeof changeSchema>
