import type { Model } from '../../models/model.ts'
import { sourceName } from '../../models/source.ts'
import type { Interpreter } from './python.ts'
import type { VenvFault } from './venv.ts'

/** One thing to do. Each carries all that doing it and telling of it needs. */
export type Step =
  | {
      readonly type: 'make_venv'
      readonly venv: string
      readonly interpreter: Interpreter
      /** Why the venv that is there is thrown away first. */
      readonly replaces?: VenvFault
      readonly requirements: readonly string[]
      readonly log: string
      readonly optional: boolean
    }
  | {
      readonly type: 'pip_install'
      readonly venv: string
      readonly requirements: readonly string[]
      /** What is missing, or may be. */
      readonly wanted: readonly string[]
      readonly log: string
      readonly optional: boolean
    }
  | { readonly type: 'fetch_model'; readonly model: Model; readonly dir: string; readonly repair: boolean }

/** What a person is asked about. */
export interface StepFacts {
  readonly name: string
  /** To download; undefined if nobody can know before. */
  readonly bytes: number | undefined
  readonly licence?: string
  readonly source: string
  readonly target: string
  readonly why: string
}

/** Whether it loads something from the network, or throws away what a user may have made. */
export function needsConsent(step: Step): boolean {
  return step.type !== 'make_venv' || (step.replaces !== undefined && step.replaces.type !== 'unfinished')
}

export function factsOf(step: Step): StepFacts {
  switch (step.type) {
    case 'make_venv':
      return {
        name: step.replaces === undefined ? 'Python venv' : 'Python venv, made anew',
        bytes: 0,
        source: `${step.interpreter.path} (Python ${step.interpreter.version})`,
        target: step.venv,
        why: step.replaces === undefined ? 'a Python of its own' : faultWords[step.replaces.type],
      }
    case 'pip_install':
      return {
        name: 'Python packages',
        bytes: undefined,
        licence: 'as each package states',
        source: 'pip',
        target: step.venv,
        why: some(step.wanted),
      }
    case 'fetch_model':
      return {
        name: step.model.id,
        bytes: step.model.from.bytes,
        licence: step.model.licence,
        source: sourceName(step.model.from),
        target: step.model.folder,
        why: step.repair ? `${step.model.why}; what is there is damaged` : step.model.why,
      }
  }
}

const faultWords: Record<VenvFault['type'], string> = {
  unfinished: 'the one that is there was never finished',
  no_interpreter: 'the one that is there points to a Python that is gone',
  wrong_version: 'the one that is there has another Python version',
}

function some(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 6).join(', ')} and ${names.length - 6} more` : names.join(', ')
}
