import { ProblemError } from '../../lib/problem.ts'
import type { KnownModel } from '../../models/inventory.ts'
import { problems } from './messages.ts'
import type { Models } from './open.ts'

export type NewKind = Exclude<KnownModel['kind'], 'vad'>

export interface AddValues {
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly 'key-env'?: string | undefined
  readonly kind?: NewKind | undefined
  readonly language?: string | undefined
  readonly voice?: string | undefined
  /** The file that a model sees with; of an endpoint, `yes`. */
  readonly vision?: string | undefined
  readonly api?: 'automatic1111' | undefined
  /** ROLE=PATH, of a program in Python. */
  readonly file?: readonly string[] | undefined
  readonly yes?: boolean | undefined
  readonly json?: boolean | undefined
}

/** An entry of models.yaml as it is written there. */
export interface NewEntry {
  readonly id: string
  readonly kind: NewKind
  readonly [key: string]: string | boolean | Readonly<Record<string, string>>
}

/** Throws a problem for an id that a model has already. */
export function checkFree(id: string, { models, where }: Models): void {
  if (models.has(id)) throw new ProblemError(problems.idTaken(id, where))
}

/** Of the options what belongs to a model of that kind; a problem for what belongs to another. */
export function traitsFor(kind: NewKind, values: AddValues): Record<string, string> {
  checkTraits([kind], values)
  const { language, voice } = values
  return { ...(language === undefined ? {} : { language }), ...(voice === undefined ? {} : { voice }) }
}

/** Throws a problem for an option that means nothing for any of the kinds that it can be. */
export function checkTraits(kinds: readonly NewKind[], { language, voice, vision }: AddValues): void {
  for (const [option, value, its] of [
    ['--language', language, 'stt'],
    ['--voice', voice, 'tts'],
    ['--vision', vision, 'llm'],
  ] as const)
    if (value !== undefined && !kinds.includes(its))
      throw new ProblemError(problems.onlyForKind(option, its, kinds.join(', ')))
}
