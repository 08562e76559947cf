import { useId, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import type { ListedAgent } from '../../../../services/backend/protocol.ts'
import { mentionAt, mentionsFor, takeMention } from '../../state/composer/mentions.ts'

export type Mentions = ReturnType<typeof useMentions>

/** The names that are offered behind an @, of which one is marked; the focus stays in the field. */
export function useMentions(
  field: RefObject<HTMLTextAreaElement | null>,
  text: string,
  change: (text: string) => void,
  agents: readonly ListedAgent[],
) {
  const list = useId()
  /** -1: the field has not the focus. */
  const [caret, setCaret] = useState(-1)
  const [marked, setMarked] = useState(0)
  /** Where the @ is whose offer was closed. */
  const [closed, setClosed] = useState(-1)
  const toCaret = useRef<number>(undefined)

  // The browser puts the caret to the end when the text is changed from here.
  useLayoutEffect(() => {
    if (toCaret.current === undefined) return
    field.current?.setSelectionRange(toCaret.current, toCaret.current)
    toCaret.current = undefined
  })

  const query = caret < 0 ? undefined : mentionAt(text, caret)
  const names = agents.map(({ name }) => name)
  const found = query === undefined || query.at === closed ? [] : mentionsFor(query.query, names)
  // The whole name stands there already.
  const offered = found.length === 1 && found[0] === query?.query ? [] : found
  const at = Math.min(marked, offered.length - 1)

  function moved(): void {
    const { selectionStart = -1, selectionEnd = -1 } = field.current ?? {}
    setCaret(selectionStart === selectionEnd ? selectionStart : -1)
    setMarked(0)
  }

  function take(name: string | undefined): void {
    if (query === undefined || name === undefined) return
    const taken = takeMention(text, query, name)
    toCaret.current = taken.caret
    change(taken.text)
    setCaret(taken.caret)
    setMarked(0)
  }

  return {
    list,
    offered,
    marked: at,
    take,
    moved,
    act: (action: 'take' | 'close' | 'next' | 'previous') => {
      if (action === 'take') take(offered[at])
      else if (action === 'close') setClosed(query?.at ?? -1)
      else setMarked((at + (action === 'next' ? 1 : offered.length - 1)) % offered.length)
    },
    fieldProps: {
      'aria-autocomplete': 'list',
      'aria-controls': offered.length > 0 ? list : undefined,
      'aria-activedescendant': offered.length > 0 ? `${list}-${at}` : undefined,
      onSelect: () => {
        const { selectionStart = -1, selectionEnd = -1 } = field.current ?? {}
        const now = selectionStart === selectionEnd ? selectionStart : -1
        if (now !== caret) moved()
      },
      onBlur: () => setCaret(-1),
    } as const,
  }
}
