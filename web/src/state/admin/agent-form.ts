import type { ListedAgent } from '../../../../services/backend/protocol.ts'
import type { AgentBody } from './agents.ts'

/** An agent as it stands in a form: what may be left out is empty there. */
export interface AgentDraft {
  readonly name: string
  readonly model: string
  readonly system: string
  readonly turns: ListedAgent['turns']
  readonly temperature: string
  readonly maxTokens: string
  readonly contextTokens: string
  readonly contextMessages: string
  readonly cooldown: string
  readonly history: boolean
  readonly voice: string
  readonly portal: string
}

export const emptyDraft: AgentDraft = {
  name: '',
  model: '',
  system: '',
  turns: 'natural',
  temperature: '',
  maxTokens: '',
  contextTokens: '',
  contextMessages: '',
  cooldown: '',
  history: true,
  voice: '',
  portal: '',
}

export function draftOf(agent: ListedAgent): AgentDraft {
  const { name, model, system, turns, temperature, max_tokens, context, cooldown, history } = agent
  const words = (value: number | undefined): string => (value === undefined ? '' : String(value))
  return {
    name,
    model: model ?? '',
    system,
    turns,
    temperature: words(temperature),
    maxTokens: words(max_tokens),
    contextTokens: words(context.tokens),
    contextMessages: words(context.messages),
    cooldown: cooldown === 0 ? '' : String(cooldown),
    history,
    voice: agent.voice ?? '',
    portal: agent.portal ?? '',
  }
}

export type DraftField = keyof AgentDraft
export type Faults = Readonly<Partial<Record<DraftField, string>>>

/** Least and most of each number, as the server has them; whole ones where `step` is 1. */
const numbers = {
  temperature: { least: 0, most: 2, whole: false },
  maxTokens: { least: 1, most: 1_000_000, whole: true },
  contextTokens: { least: 64, most: 10_000_000, whole: true },
  contextMessages: { least: 1, most: 10_000, whole: true },
  cooldown: { least: 0, most: 86_400, whole: false },
} as const

/** What the server is sent, or what to change first, by field. */
export function bodyOf(
  draft: AgentDraft,
): { readonly ok: true; readonly body: AgentBody } | { readonly ok: false; readonly faults: Faults } {
  const faults: Partial<Record<DraftField, string>> = {}
  if (draft.name.trim() === '') faults.name = 'An agent needs a name.'
  const read = (field: keyof typeof numbers): number | undefined => {
    const text = draft[field].trim().replace(',', '.')
    if (text === '') return undefined
    const { least, most, whole } = numbers[field]
    const value = Number(text)
    if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value
    faults[field] = `A ${whole ? 'whole number' : 'number'} from ${least} to ${most}.`
    return undefined
  }
  const temperature = read('temperature')
  const maxTokens = read('maxTokens')
  const tokens = read('contextTokens')
  const messages = read('contextMessages')
  const cooldown = read('cooldown') ?? 0
  if (Object.keys(faults).length > 0) return { ok: false, faults }
  const body: AgentBody = {
    system: draft.system,
    turns: draft.turns,
    history: draft.history,
    cooldown,
    context: { ...(tokens === undefined ? {} : { tokens }), ...(messages === undefined ? {} : { messages }) },
    ...(draft.model === '' ? {} : { model: draft.model }),
    ...(draft.voice.trim() === '' ? {} : { voice: draft.voice.trim() }),
    ...(draft.portal.trim() === '' ? {} : { portal: draft.portal.trim() }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
  }
  return { ok: true, body }
}

/** When an agent speaks unasked. */
export const turnsInWords: Record<ListedAgent['turns'], { title: string; about: string }> = {
  natural: {
    title: 'As people do',
    about:
      'Answers when it is named. Unasked, it answers one person in a room; among several it waits its turn.',
  },
  always: { title: 'Always', about: 'Answers each message of a person.' },
  mention: { title: 'When addressed', about: 'Answers @name and @everyone only.' },
  manual: { title: 'When asked', about: 'Says nothing until somebody asks it to speak.' },
}
