import { createStore } from './store.ts'

export const themes = ['auto', 'light', 'dark'] as const
/** `auto`: what the system prefers. */
export type Theme = (typeof themes)[number]

export const themeInWords: Record<Theme, string> = { auto: 'As the system', light: 'Light', dark: 'Dark' }

const key = 'courante.theme'

/** What was chosen; public/theme.js, which runs before the first paint, carries it out. */
export const theme = createStore(readTheme(), () => readTheme())

export function chooseTheme(chosen: Theme): void {
  localStorage.setItem(key, chosen)
  // The browser tells only other tabs.
  window.dispatchEvent(new StorageEvent('storage', { key, newValue: chosen }))
}

export function followTheme(signal: AbortSignal): void {
  window.addEventListener('storage', () => theme.dispatch(undefined), { signal })
}

function readTheme(): Theme {
  const kept = globalThis.localStorage?.getItem(key)
  return themes.find(theme => theme === kept) ?? 'auto'
}
