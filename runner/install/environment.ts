import type { ModelEntry } from '../../models/catalog.ts'

/** What a stack needs before its services can start. Every path is absolute. */
export interface Environment {
  /** Folder of the stack file; npm is asked from here. */
  readonly dir: string
  /** The run's home: pip's output goes to `logs/pip.log` in it. */
  readonly home: string
  readonly modelsDir: string
  readonly python?: PythonNeed | undefined
  readonly tools: readonly ToolNeed[]
  readonly models: readonly ModelEntry[]
  /** Ids of models, `python` and `gpu`, that the user does without. */
  readonly without?: readonly string[] | undefined
}

export interface PythonNeed {
  /** A range such as `>=3.12` or `>=3.10,<3.13`. */
  readonly version: string
  readonly venv: string
  /** Requirements files; one that does not exist is passed over. */
  readonly requirements: readonly string[]
  /** If no Python fits, a notice and not an end. */
  readonly optional: boolean
}

/** A program of the system that is looked up on PATH. */
export interface ToolNeed {
  readonly name: string
  /** Programs that would do in its place. */
  readonly or?: readonly string[] | undefined
  readonly why: string
  readonly optional: boolean
}
