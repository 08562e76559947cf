/**
 * What this browser keeps for the page. A browser may refuse it (blocked cookies) or have no room left: then the page goes
 * on and forgets, as nothing that is kept is worth a white page.
 */
export function kept(key: string): string | null {
  return guarded(() => localStorage.getItem(key))
}

/** null: forgets it. */
export function keep(key: string, value: string | null): void {
  guarded(() => (value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value)))
}

/** The same, for what takes a storage. */
export const keeper = {
  getItem: kept,
  setItem: keep,
  removeItem: (key: string): void => keep(key, null),
}

/** null where the browser refuses. */
export function guarded<Value>(act: () => Value): Value | null {
  try {
    return act()
  } catch (error) {
    // Its property throws as well as its methods: SecurityError, QuotaExceededError.
    if (error instanceof DOMException) return null
    throw error
  }
}
