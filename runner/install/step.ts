import type { Model } from '../../models/model.ts'
import { builtIn, type ProgramSource } from '../../models/programs.ts'
import { sourceName, trustOf } from '../../models/source.ts'
import type { Backend } from './builds/backend.ts'
import type { GpuKind } from './gpu-runtime.ts'
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
      /** A step that fills it follows: until then it is not whole. */
      readonly thenPackages: boolean
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
  | {
      readonly type: 'gpu_runtime'
      readonly kind: GpuKind
      readonly packages: readonly Model[]
      /** Those of the packages that have to be downloaded. */
      readonly missing: readonly Model[]
      /** Courante's own folder: its engines load it. */
      readonly dir: string
      readonly optional: true
    }
  | {
      readonly type: 'build_program'
      readonly program: ProgramSource
      readonly backend: Backend
      /** Courante's own folder: its engines start it. */
      readonly root: string
      /** From where npm is asked. */
      readonly dir: string
      readonly optional: boolean
      /** The version that is there. */
      readonly replaces?: string | undefined
    }
  | {
      readonly type: 'fetch_model'
      readonly model: Model
      /** From where npm is asked. */
      readonly dir: string
      readonly modelsDir: string
      readonly repair: boolean
      /** Bytes that it is thought to take when loaded, where that is known before. */
      readonly memory?: number | undefined
    }

/** What a person is asked about. */
export interface StepFacts {
  readonly name: string
  /** To download; undefined if nobody can know before. */
  readonly bytes: number | undefined
  readonly licence?: string
  readonly source: string
  readonly target: string
  readonly why: string
  /** Of a model: bytes when it is loaded. */
  readonly memory?: number | undefined
  /** Where its hash is from, if not from our catalog or a stack. */
  readonly trust?: 'hub' | 'none' | undefined
}

/** Steps of one id go together: none is of use without the others. */
export function idOf(step: Step): string {
  switch (step.type) {
    case 'make_venv':
    case 'pip_install':
      return 'python'
    case 'gpu_runtime':
      return 'gpu'
    case 'build_program':
      return step.program.name
    case 'fetch_model':
      return step.model.id
  }
}

/** Whether it loads something from the network, or throws away what a user may have made. */
export function needsConsent(step: Step): boolean {
  if (step.type === 'gpu_runtime') return step.missing.length > 0
  return step.type !== 'make_venv' || (step.replaces !== undefined && step.replaces.type !== 'unfinished')
}

/** Nothing that anybody has to be asked about: nothing new comes. */
export function isSilent(step: Step): boolean {
  return step.type === 'gpu_runtime' && step.missing.length === 0
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
    case 'gpu_runtime':
      return {
        name: gpuNames[step.kind],
        bytes: step.missing.reduce((sum, model) => sum + model.from.bytes, 0),
        licence: 'MIT',
        source: step.packages.map(model => sourceName(model.from)).join(', '),
        target: step.packages[0]?.base ?? step.dir,
        why: 'language models on the graphics card',
      }
    case 'build_program': {
      const { program, backend, root, replaces } = step
      const { from } = program
      const minutes = `about ${program.minutes} minutes`
      const instead = replaces === undefined ? '' : `, in place of version ${replaces}`
      return {
        name: program.name,
        bytes: from.type === 'archive' && 'bytes' in from.source ? from.source.bytes : 0,
        licence: program.licence,
        source: from.type === 'archive' ? sourceName(from.source) : 'the sources that node-llama-cpp brought',
        target: builtIn(program, root),
        why: `${program.why}; built here${backendWords[backend]}${instead}, ${minutes}`,
      }
    }
    case 'fetch_model':
      return {
        name: step.model.id,
        bytes: step.model.from.bytes,
        licence: step.model.licence,
        source: sourceName(step.model.from),
        target: step.model.folder,
        memory: step.memory,
        trust: trustBeside(step.model),
        why: step.repair ? `${step.model.why}; what is there is damaged` : step.model.why,
      }
  }
}

function trustBeside({ from }: Model): StepFacts['trust'] {
  const trust = trustOf(from)
  return trust === 'catalog' ? undefined : trust
}

const gpuNames: Record<GpuKind, string> = { cuda: 'CUDA runtime', vulkan: 'Vulkan runtime' }

const backendWords: Record<Backend, string> = {
  cuda: ' with CUDA',
  vulkan: ' with Vulkan',
  metal: '',
  cpu: '',
}

const faultWords: Record<VenvFault['type'], string> = {
  unfinished: 'the one that is there was never finished',
  no_interpreter: 'the one that is there points to a Python that is gone',
  wrong_version: 'the one that is there has another Python version',
  moved: 'the one that is there was made in another place, where its programs still look for it',
  no_packages_folder: 'the one that is there has lost the folder of its packages',
  no_pip: 'the one that is there has no pip, so that nothing can be installed in it',
}

function some(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 6).join(', ')} and ${names.length - 6} more` : names.join(', ')
}
