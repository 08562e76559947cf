import { engineFile } from '../../models/engines.ts'
import type { KnownModel } from '../../models/inventory.ts'
import type { JobError } from '../portal/request.ts'
import type { EngineEvent, EngineProcess } from './engine-process.ts'
import type { Needs } from './needs.ts'

/** A loaded model's process, or one that is being loaded or unloaded. */
export interface Hosted {
  readonly model: KnownModel
  readonly process: EngineProcess
  /** What it was thought to take, and where, when its load began. */
  readonly placed: Needs
  /** On the clock of `performance.now()`. */
  readonly since: number
  /** Of the load, from 0 to 1. */
  progress: number
  loaded?: {
    /** From the start of the process until the model was there. */
    readonly ms: number
    /** How much of that passed before the load itself. */
    readonly spawnMs: number
    readonly parallel: number
    readonly facts: Extract<EngineEvent, { type: 'loaded' }>['facts']
  }
  measured: Needs
  /** It has had work, so that all of its memory is in use. */
  worked: boolean
  /** Why it could not load. */
  failure?: JobError
}

/** Core knows an engine's program by its path only. */
export function programOf({ kind, engine, settings }: KnownModel): string {
  const { program } = settings
  if (engine === 'python' && typeof program === 'string') return program
  return engineFile(kind, engine)
}
