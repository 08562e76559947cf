import { idOf, type Step } from './step.ts'

/** What a person agrees to or not: steps of which none is of use without the others, such as a venv and its packages. */
export interface Item {
  /** What `--only` names. */
  readonly id: string
  readonly steps: readonly Step[]
}

/** In the order of the steps. */
export function itemsOf(steps: readonly Step[]): Item[] {
  const byId = new Map<string, Step[]>()
  for (const step of steps) {
    const id = idOf(step)
    byId.set(id, [...(byId.get(id) ?? []), step])
  }
  return Array.from(byId, ([id, steps]) => ({ id, steps }))
}
