import { z } from 'zod'
import { isId } from '../../portal/ids.ts'
import { modelIdSchema } from '../../portal/model-id.ts'
import { nameSchema, turnPolicySchema } from '../protocol.ts'

/** What a file of an agent says. Its name is the label of its messages. */
export const agentSchema = z.strictObject({
  name: nameSchema.refine(name => name.toLowerCase() !== 'everyone', '@everyone means all agents of a room'),
  /** An id of `courante models ls`. Left out: the language model that was chosen for this machine. */
  model: modelIdSchema.optional(),
  /** A service that takes the same chat requests as `llm`, by its portal. */
  portal: z.string().refine(isId, 'expected the name of a service').optional(),
  system: z.string().max(100_000).default(''),
  /** What it speaks with, an id of `say --voices`. */
  voice: z.string().min(1).max(100).optional(),
  temperature: z.number().min(0).max(2).optional(),
  max_tokens: z.number().int().min(1).max(1_000_000).optional(),
  /** How much of the room it is given: so many tokens (answer included) and messages at most. */
  context: z
    .strictObject({
      tokens: z.number().int().min(64).max(10_000_000).optional(),
      messages: z.number().int().min(1).max(10_000).optional(),
    })
    .default({}),
  turns: turnPolicySchema.default('natural'),
  /** False: it is given only the message that it answers. */
  history: z.boolean().default(true),
  /** After it has spoken, so many seconds without speaking unless somebody addresses it. */
  cooldown: z.number().min(0).max(86_400).default(0),
})
export type Agent = z.infer<typeof agentSchema>
/** What a person writes: defaults may be left out. */
export type AgentInput = z.input<typeof agentSchema>

/** Something wrong in an agent's file. */
export interface AgentFault {
  /** Absolute path. */
  readonly file: string
  /** `file:line:column: key: what was expected`, one line for each fault. */
  readonly problem: string
  /** The agent that goes on as it was before, if it was ever right. */
  readonly agent?: string
}

/** Without case, as names are compared. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase()
}
