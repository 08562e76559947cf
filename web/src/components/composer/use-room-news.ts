import { useEffect, useRef } from 'react'
import type { ListedAgent } from '../../../../services/backend/protocol.ts'
import { dictated, type Draft } from '../../state/composer/drafts.ts'
import { newAnswers } from '../../state/composer/room-news.ts'
import { voiceSettings } from '../../state/composer/voice-settings.ts'
import { onShortcut } from '../../state/keys/listen.ts'
import { speakable } from '../../state/markdown/speakable.ts'
import type { RoomView } from '../../state/room/view.ts'
import { microphone } from '../../state/voice/microphone-store.ts'
import { speakNext } from '../../state/voice/speech.ts'

/** What comes into the composer from elsewhere: what is said, and what is to be read aloud. */
export function useRoomNews({
  room,
  view,
  agents,
  draft,
}: {
  room: string
  view: RoomView
  agents: readonly ListedAgent[]
  draft: Draft
}): void {
  useEffect(() => {
    const ends = [
      microphone.onUtterance(text => {
        if (voiceSettings.get().sendWhatISay) view.post(text)
        else draft.dispatch(dictated(draft.get(), text))
      }),
      onShortcut('microphone', () => microphone.toggle()),
      // Nobody is heard in a room that they have left.
      () => microphone.turnOff(),
    ]
    return () => {
      for (const end of ends) end()
    }
  }, [view, draft])

  const known = useRef(agents)
  useEffect(() => {
    known.current = agents
  })
  useEffect(() => {
    let { seen } = newAnswers(undefined, view.store.get(), [])
    return view.store.subscribe(() => {
      const names = known.current.map(({ name }) => name)
      const news = newAnswers(seen, view.store.get(), names)
      seen = news.seen
      if (!voiceSettings.get().readAloud.includes(room)) return
      for (const { id, author, text } of news.answers) {
        const voice = known.current.find(({ name }) => name === author)?.voice
        const words = speakable(text)
        if (words !== '') speakNext({ id: `${room}/${id}`, text: words, voice })
      }
    })
  }, [room, view])
}
