import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { EngineError } from '../../../core/engine.ts'
import type { Endpoint } from '../../shared/endpoint.ts'
import { pictureLimit } from '../far-picture.ts'

const stateSchema = z.object({ active: z.boolean(), queued: z.boolean() })

/** How often it is looked at. */
export const lookMs = 300
const answerMs = 10_000
/** It may not have come there yet. */
const maxAbsent = 10

/** A picture in the WebUI's one queue, where others have theirs: under a name that we gave it, ours can be told. */
export class WebuiTask {
  readonly id = `task(${randomUUID()})`
  readonly #endpoint: Endpoint

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint
  }

  /** `untold`: of a server that does not say, as the WebUI without its page. */
  async state(signal: AbortSignal): Promise<'active' | 'queued' | 'absent' | 'untold'> {
    try {
      const asked = { id_task: this.id, live_preview: false }
      const { active, queued } = stateSchema.parse(await this.#post('internal/progress', asked, signal))
      return active ? 'active' : queued ? 'queued' : 'absent'
    } catch (error) {
      if (error instanceof z.ZodError) return 'untold'
      if (!(error instanceof EngineError) || error.failure.reason !== 'remote') throw error
      if (error.failure.fault === 'unreachable' || error.failure.fault === 'timeout') throw error
      return 'untold'
    }
  }

  /** Interrupts it, at once or when its turn has come: there is no other way out of the queue. Only what is known to be ours. */
  async withdraw(): Promise<void> {
    try {
      for (let absent = 0; absent < maxAbsent; await delay(lookMs)) {
        const state = await this.state(AbortSignal.timeout(answerMs))
        if (state === 'active') await this.#post('sdapi/v1/interrupt', {}, AbortSignal.timeout(answerMs))
        if (state === 'active' || state === 'untold') return
        absent = state === 'absent' ? absent + 1 : 0
      }
    } catch (error) {
      // It has no such thing, or is gone: the request has ended for us in any case.
      if (!(error instanceof EngineError) && (error as Error).name !== 'TimeoutError') throw error
    }
  }

  async #post(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    return this.#endpoint.json(await this.#endpoint.post(path, body, signal), pictureLimit, signal)
  }
}
