import { useEffect, useRef, useState, useSyncExternalStore, type KeyboardEvent } from 'react'
import type { ListedAgent } from '../../../../services/backend/protocol.ts'
import type { Draft } from '../../state/composer/drafts.ts'
import { fieldAction } from '../../state/composer/field-keys.ts'
import { messageText, tooLong } from '../../state/composer/message-text.ts'
import { requestEdit } from '../../state/composer/requests.ts'
import { lastOf } from '../../state/composer/room-news.ts'
import { onShortcut } from '../../state/keys/listen.ts'
import type { RoomView, Viewer } from '../../state/room/view.ts'
import { pastedFiles } from '../../state/uploads/pasted.ts'
import { uploadsOf, type RoomUploads } from '../../state/uploads/room-uploads.ts'
import { isSettled } from '../../state/uploads/uploads.ts'
import { Icon } from '../controls/icon.tsx'
import { AttachedFiles } from './attached-files.tsx'
import { DropCover } from './drop-cover.tsx'
import { MentionList } from './mention-list.tsx'
import { MicrophoneButton } from './microphone-button.tsx'
import { StopButton } from './stop-button.tsx'
import { useMentions } from './use-mentions.ts'
import { useRoomNews } from './use-room-news.ts'
import { useGrowing } from './use-growing.ts'

export function WritingBlock({
  room,
  view,
  viewer,
  agents,
  draft,
}: {
  room: string
  view: RoomView
  viewer: Viewer
  agents: readonly ListedAgent[]
  draft: Draft
}) {
  const [uploads] = useState(() => uploadsOf(viewer.name, room))
  const text = useSyncExternalStore(draft.subscribe, draft.get)
  const files = useSyncExternalStore(uploads.store.subscribe, uploads.store.get)
  const [note, setNote] = useState('')
  const [isQueued, setQueued] = useState(false)
  const field = useRef<HTMLTextAreaElement>(null)
  const chooser = useRef<HTMLInputElement>(null)
  const mentions = useMentions(field, text, draft.dispatch, agents)
  useGrowing(field)
  useRoomNews({ room, view, agents, draft })

  const hasSomething = text.trim() !== '' || files.some(({ state }) => state.type !== 'failed')

  function send(): void {
    if (files.every(isSettled)) setNote(post(view, draft, uploads))
    else if (hasSomething) setQueued(true)
    field.current?.focus()
  }

  // What waits for its files goes when they are there.
  useEffect(() => {
    if (!isQueued) return
    return uploads.store.subscribe(() => {
      const now = uploads.store.get()
      if (!now.every(isSettled)) return
      setQueued(false)
      const hasFailed = now.some(({ state }) => state.type === 'failed')
      setNote(hasFailed ? fileFailed : post(view, draft, uploads))
    })
  }, [isQueued, view, draft, uploads])

  useEffect(() => onShortcut('write', () => field.current?.focus()), [])
  useEffect(() => {
    // Who opens a room wants to write; a keyboard on glass would hide what is said.
    if (document.activeElement === document.body && !isOnGlass()) field.current?.focus()
  }, [])

  function act(event: KeyboardEvent<HTMLTextAreaElement>): void {
    const { key, shiftKey, ctrlKey, metaKey, altKey, keyCode, nativeEvent } = event
    const { isComposing } = nativeEvent
    const action = fieldAction(
      { key, shiftKey, ctrlKey, metaKey, altKey, isComposing, keyCode },
      { isEmpty: text === '', offers: mentions.offered.length > 0, onGlass: isOnGlass() },
    )
    if (action === undefined) return
    if (action === 'edit last') {
      const last = lastOf(view.store.get().messages, viewer.name)
      if (last === undefined) return
      requestEdit(last.id)
    }
    event.preventDefault()
    event.stopPropagation()
    if (action === 'send') send()
    else if (action === 'leave') field.current?.blur()
    else if (action !== 'edit last') mentions.act(action)
  }

  const label = `Message ${agents.length === 1 && agents[0] !== undefined ? agents[0].name : nameOf(room)}`
  return (
    <div className="composer-column">
      <DropCover onFiles={uploads.add} />
      <div className="composer-block">
        <MentionList mentions={mentions} />
        {files.length > 0 && <AttachedFiles uploads={uploads} files={files} />}
        <textarea
          ref={field}
          className="composer-field"
          rows={1}
          dir="auto"
          value={text}
          aria-label={label}
          placeholder={label}
          enterKeyHint="send"
          {...mentions.fieldProps}
          onChange={event => {
            draft.dispatch(event.target.value)
            mentions.moved()
            if (note !== '') setNote('')
          }}
          onKeyDown={act}
          onPaste={event => {
            const pasted = pastedFiles(event.clipboardData, new Date())
            if (pasted.length === 0) return
            event.preventDefault()
            uploads.add(pasted)
          }}
        />
        <div className="composer-start">
          <button
            className="icon-button"
            type="button"
            aria-label="Attach files"
            onClick={() => chooser.current?.click()}
          >
            <Icon name="attach" />
          </button>
          <input
            ref={chooser}
            type="file"
            multiple
            hidden
            aria-label="Files"
            onChange={({ target }) => {
              uploads.add([...(target.files ?? [])])
              // The same file again is a change, too.
              target.value = ''
              field.current?.focus()
            }}
          />
        </div>
        <div className="composer-end">
          <MicrophoneButton room={room} />
          <StopButton view={view} />
          <button
            className="composer-send"
            type="button"
            aria-label="Send"
            disabled={!hasSomething || isQueued}
            onClick={send}
          >
            <Icon name="send" />
          </button>
        </div>
      </div>
      <p className="composer-note" role="alert">
        {isQueued ? 'Goes as soon as the files are there.' : note}
      </p>
    </div>
  )
}

const fileFailed = 'Not sent: a file could not be uploaded. Try it again, or send without it.'

/** Posts what is written, with the files that are there; returns what speaks against it, or nothing. */
function post(view: RoomView, draft: Draft, uploads: RoomUploads): string {
  const done = uploads.store
    .get()
    .flatMap(({ key, name, state }) =>
      state.type === 'done' ? [{ key, name, url: state.url, type: state.served }] : [],
    )
  const message = messageText(draft.get(), done)
  const fault = tooLong(message)
  if (message === '' || fault !== undefined) return fault ?? ''
  // In this order: what can't be sent comes back into the draft.
  draft.dispatch('')
  view.post(message)
  uploads.sent(done.map(({ key }) => key))
  return ''
}

/** A screen that is touched, and no keyboard beside it as far as one can know. */
function isOnGlass(): boolean {
  return matchMedia('(hover: none) and (pointer: coarse)').matches
}

function nameOf(room: string): string {
  return room.slice(room.indexOf('/') + 1)
}
