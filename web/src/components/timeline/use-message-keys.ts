import { useEffect, useRef, type KeyboardEvent, type RefObject } from 'react'
import type { VirtuosoHandle } from 'react-virtuoso'
import { answerOf } from '../../state/markdown/thoughts.ts'
import { onShortcut } from '../../state/keys/listen.ts'
import { isShortcut, type ShortcutId } from '../../state/keys/shortcuts.ts'
import { offersOf, rowAt, rowCount } from '../../state/room/rows.ts'
import type { RoomView, Viewer } from '../../state/room/view.ts'
import { copyAndSay } from './message-actions.tsx'
import { useAttempt } from './use-attempt.ts'

/** The keyboard in the list: from message to message, and what can be done with the one that has the focus. */
export function useMessageKeys({
  list,
  view,
  viewer,
  scroller,
}: {
  list: RefObject<VirtuosoHandle | null>
  view: RoomView
  viewer: Viewer
  scroller: HTMLElement | null
}): (event: KeyboardEvent<HTMLElement>) => void {
  const attempt = useAttempt()
  const wanted = useRef(-1)

  const focus = (index: number): void => {
    wanted.current = index
    const arrive = (): void => {
      if (wanted.current === index) articleAt(scroller, index)?.focus({ preventScroll: true })
    }
    list.current?.scrollIntoView({ index, done: arrive })
    arrive()
  }

  useEffect(() =>
    onShortcut('messages', () => {
      focus(lastSeen(scroller) ?? rowCount(view.store.get()) - 1)
    }),
  )

  return event => {
    const { target } = event
    const article = target instanceof HTMLElement && target.matches('[data-row]') ? target : undefined
    if (article === undefined && target !== scroller) return
    const press = { ...keyPress(event), isComposing: event.nativeEvent.isComposing }
    const is = (id: ShortcutId): boolean => isShortcut(id, press)
    const count = rowCount(view.store.get())
    const at = article === undefined ? undefined : Number(article.dataset['row'])
    const handled = (act: () => void): void => {
      event.preventDefault()
      // The page's own keys stay the page's: this one was for a message.
      event.stopPropagation()
      act()
    }
    if (is('nextMessage') || is('previousMessage')) {
      const step = is('nextMessage') ? 1 : -1
      const isArrow = event.key.startsWith('Arrow')
      if (isArrow && article !== undefined && readOn(article, scroller, step)) return handled(() => undefined)
      const to = at === undefined ? (lastSeen(scroller) ?? count - 1) : at + step
      return handled(() => focus(Math.min(Math.max(to, 0), count - 1)))
    }
    if (event.key === 'Home') return handled(() => view.goTo(0))
    if (event.key === 'End')
      return handled(() => {
        if (view.store.get().atEnd) focus(count - 1)
        else view.goToEnd()
      })
    const row = at === undefined ? undefined : rowAt(view.store.get(), at)
    if (row?.type !== 'message' || at === undefined || article === undefined) return
    const { message } = row
    const offers = offersOf(message, viewer, at === count - 1)
    if (is('copyMessage')) handled(() => void copyAndSay(answerOf(message.text), 'Copied'))
    else if (is('editMessage') && offers.edit) handled(() => view.editing.open(message))
    else if (is('regenerate') && offers.regenerate) handled(() => attempt(view.regenerate(message)))
    else if (is('speakMessage') && offers.speak)
      handled(() => article.querySelector<HTMLElement>('[data-speak], .speak-button')?.click())
  }
}

/** A message that is longer than the view is read before the next one comes. */
function readOn(article: HTMLElement, scroller: HTMLElement | null, step: number): boolean {
  if (scroller === null) return false
  const [box, view] = [article.getBoundingClientRect(), scroller.getBoundingClientRect()]
  const hidden = step > 0 ? box.bottom - view.bottom : view.top - box.top
  if (hidden < 8) return false
  scroller.scrollBy({ top: step * Math.min(hidden + 8, view.height * 0.5) })
  return true
}

/** The last row that is wholly in view. */
function lastSeen(scroller: HTMLElement | null): number | undefined {
  if (scroller === null) return undefined
  const { bottom } = scroller.getBoundingClientRect()
  const rows = [...scroller.querySelectorAll<HTMLElement>('[data-row]')]
  const last = rows.findLast(row => row.getBoundingClientRect().bottom <= bottom + 8)
  return last === undefined ? undefined : Number(last.dataset['row'])
}

function articleAt(scroller: HTMLElement | null, index: number): HTMLElement | null {
  return scroller?.querySelector<HTMLElement>(`[data-row="${index}"]`) ?? null
}

function keyPress(event: KeyboardEvent): Omit<Parameters<typeof isShortcut>[1], 'isComposing'> {
  const { key, repeat, ctrlKey, metaKey, altKey, shiftKey } = event
  // A held J goes on from message to message.
  return { key, repeat, ctrlKey, metaKey, altKey, shiftKey }
}
