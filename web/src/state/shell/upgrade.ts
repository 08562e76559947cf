import { guarded } from '../keeper.ts'

const key = 'courante.reloaded'
const pauseMs = 10_000

/**
 * After an upgrade the chunks of the page that is open are no longer there: it loads itself anew. Not twice in a row, and not
 * while the server is away: then what stands in the place of the part that is missing offers it.
 */
export function reloadAfterUpgrade(): void {
  window.addEventListener('vite:preloadError', () => {
    const last = Number(guarded(() => sessionStorage.getItem(key)))
    if (Date.now() - last < pauseMs) return
    void fetch('/healthz').then(
      answer => {
        if (!answer.ok) return
        const isNoted = guarded(() => {
          sessionStorage.setItem(key, String(Date.now()))
          return true
        })
        // Else it might go on for ever.
        if (isNoted === true) location.reload()
      },
      () => undefined,
    )
  })
}
