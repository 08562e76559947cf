import { useEffect, useSyncExternalStore } from 'react'

/** A part of the program that is loaded when something first needs it. */
export class Lazily<T> {
  readonly #load: () => Promise<T>
  readonly #listeners = new Set<() => void>()
  #state: 'asked' | undefined
  #part: T | undefined

  constructor(load: () => Promise<T>) {
    this.#load = load
  }

  readonly get = (): T | undefined => this.#part

  readonly subscribe = (changed: () => void): (() => void) => {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  ask(): void {
    if (this.#state === 'asked') return
    this.#state = 'asked'
    this.#load().then(
      part => {
        this.#part = part
        for (const changed of this.#listeners) changed()
      },
      () => {
        // No network at this moment: whoever needs it next asks again. Until then there is the source.
        this.#state = undefined
      },
    )
  }
}

/** The part as soon as it is there; asked for only if it is `wanted`. */
export function useLazily<T>(part: Lazily<T>, wanted = true): T | undefined {
  useEffect(() => {
    if (wanted) part.ask()
  }, [part, wanted])
  return useSyncExternalStore(part.subscribe, part.get)
}
