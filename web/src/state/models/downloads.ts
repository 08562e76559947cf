import { QueryObserver } from '@tanstack/react-query'
import type { Model } from '../../../../services/backend/protocol.ts'
import { modelsQuery, queries } from '../queries.ts'
import { createStore } from '../store.ts'
import { toast } from '../toasts.ts'
import { addSample, rateOf, type Sample } from './rate.ts'

type Rates = ReadonlyMap<string, readonly Sample[]>

const samples = createStore<Rates, Rates>(new Map(), (_, next) => next)
export const downloads = { subscribe: samples.subscribe, get: samples.get }

/** Bytes a second. */
export function rateOfDownload(rates: Rates, id: string): number | undefined {
  return rateOf(rates.get(id) ?? [])
}

let watching: (() => void) | undefined

/**
 * Follows all downloads to their end and says how they ended, also when nothing on the page shows them any longer. Call it
 * when one was begun or seen.
 */
export function watchDownloads(): void {
  if (watching !== undefined) return
  const observer = new QueryObserver(queries, modelsQuery)
  watching = observer.subscribe(({ data, dataUpdatedAt }) => {
    if (data === undefined) return
    const before = samples.get()
    samples.dispatch(sampled(before, data.models, dataUpdatedAt))
    for (const model of data.models) if (before.has(model.id)) tellEnd(model)
    if (samples.get().size > 0) return
    watching?.()
    watching = undefined
  })
}

export function sampled(before: Rates, models: readonly Model[], at: number): Rates {
  return new Map(
    models.flatMap(({ id, state }) =>
      state.type === 'fetching'
        ? [[id, addSample(before.get(id) ?? [], { at, bytes: state.bytes })] as const]
        : [],
    ),
  )
}

function tellEnd({ title, state }: Model): void {
  if (state.type === 'fetching') return
  if (state.type !== 'absent') toast(`${title} is here`)
  else if (state.problem !== undefined) toast(`${title}: ${state.problem.title}`, 'bad')
}
