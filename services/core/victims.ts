import { fits, minus, type Needs, plus } from './needs.ts'
import type { Resident } from './resident.ts'

interface Circumstances {
  /** Chosen already, for another model. */
  readonly taken: ReadonlySet<Resident>
  /** Who needs the room has waited so long that models in use have to give way. */
  readonly impatient: boolean
  readonly now: number
}

/** Empty: nothing helps at the moment. `leave`: all of them can be unloaded now; otherwise some have to finish first. */
export interface Choice {
  readonly victims: readonly Resident[]
  readonly leave: boolean
}

/** Which models make room for one that needs so much, when so much is free: those that are cheapest to lose. */
export function chooseVictims(
  needs: Needs,
  free: Needs,
  models: readonly Resident[],
  { taken, impatient, now }: Circumstances,
): Choice {
  const possible = models
    .filter(({ state, spec }) => state.type === 'ready' && !spec.pinned)
    .filter(model => !taken.has(model))
    .toSorted((a, b) => a.worthAt(now) - b.worthAt(now))
  const stays = (model: Resident): boolean => now < model.staysUntil
  const idle = enough(
    needs,
    free,
    possible.filter(model => model.idle && !stays(model)),
  )
  if (idle !== undefined) return { victims: idle, leave: true }
  if (!impatient) return { victims: [], leave: false }
  const byUse = possible.toSorted((a, b) => Number(!a.idle) - Number(!b.idle))
  const chosen = enough(needs, free, byUse) ?? []
  return { victims: chosen, leave: chosen.every(model => model.working.size === 0 && !stays(model)) }
}

/** The first ones that suffice, without those that turn out not to be needed; undefined if all are not enough. */
function enough(needs: Needs, free: Needs, models: readonly Resident[]): Resident[] | undefined {
  const chosen: Resident[] = []
  let room = free
  for (const model of models) {
    if (fits(needs, room)) break
    chosen.push(model)
    room = plus(room, model.needs)
  }
  if (!fits(needs, room)) return undefined
  for (const model of chosen.toReversed()) {
    if (!fits(needs, minus(room, model.needs))) continue
    room = minus(room, model.needs)
    chosen.splice(chosen.indexOf(model), 1)
  }
  return chosen
}
