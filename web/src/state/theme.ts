import { keep, kept } from './keeper.ts'
import { createStore } from './store.ts'

export const themes = ['auto', 'light', 'dark'] as const
/** `auto`: what the system prefers. */
export type Theme = (typeof themes)[number]

export const themeInWords: Record<Theme, string> = { auto: 'As the system', light: 'Light', dark: 'Dark' }

const key = 'courante.theme'

/** What was chosen; public/theme.js, which runs before the first paint, carries it out. */
export const theme = createStore(themeOf(kept(key)), (_, chosen: Theme) => chosen)

export function chooseTheme(chosen: Theme): void {
  keep(key, chosen)
  // The browser tells only other tabs. With the value: where nothing is kept it holds as long as the page.
  window.dispatchEvent(new StorageEvent('storage', { key, newValue: chosen }))
}

export function followTheme(signal: AbortSignal): void {
  window.addEventListener(
    'storage',
    event => {
      // null: everything was forgotten.
      if (event.key === key || event.key === null) theme.dispatch(themeOf(event.newValue))
    },
    { signal },
  )
}

function themeOf(word: string | null): Theme {
  return themes.find(theme => theme === word) ?? 'auto'
}
