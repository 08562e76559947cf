import { useEffect, useState } from 'react'
import { announce } from '../../state/room/announce.ts'
import type { RoomView } from '../../state/room/view.ts'

/** Speaks to screen readers alone; the list itself is silent, as virtualised rows come and go without being news. */
export function Announcer({ view, me }: { view: RoomView; me: string }) {
  const [words, setWords] = useState('')
  useEffect(() => {
    let before = view.store.get()
    return view.store.subscribe(() => {
      const now = view.store.get()
      const news = announce(before, now, me)
      before = now
      if (news.length > 0) setWords(news.join('. '))
    })
  }, [view, me])
  return (
    <p className="unseen-text" role="log" aria-live="polite" aria-label="News">
      {words}
    </p>
  )
}
