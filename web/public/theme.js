// @ts-check
// Before the first paint, so nothing flashes: a file of its own, as the page allows no inline script.
{
  const key = 'courante.theme'
  const dark = matchMedia('(prefers-color-scheme: dark)')
  /** @type {string | null} */
  let chosen
  try {
    chosen = localStorage.getItem(key)
  } catch {
    // A browser that keeps nothing: as the system.
    chosen = null
  }
  const set = () => {
    const isDark = chosen === 'dark' || (chosen !== 'light' && dark.matches)
    document.documentElement.dataset.theme = isDark ? 'dark' : 'light'
    // What a telephone paints its own bars with.
    for (const colour of document.querySelectorAll('meta[name=theme-color]'))
      colour.setAttribute('content', isDark ? '#15171a' : '#faf9f6')
  }
  set()
  dark.addEventListener('change', set)
  // Another tab, or this one's profile (which sends the event itself).
  addEventListener('storage', event => {
    if (event.key !== key && event.key !== null) return
    chosen = event.newValue
    set()
  })
}
