import { answerOf } from '../../state/markdown/thoughts.ts'
import { copyText } from '../../state/copy.ts'
import type { Message } from '../../../../services/chat/protocol.ts'
import { offersOf } from '../../state/room/rows.ts'
import type { RoomView, Viewer } from '../../state/room/view.ts'
import { toast } from '../../state/toasts.ts'
import { Icon, type IconName } from '../controls/icon.tsx'
import { Menu, MenuItem } from '../controls/menu.tsx'
import { useMedia } from '../controls/use-media.ts'
import { SpeakButton } from '../voice/speak-button.tsx'
import { useAttempt } from './use-attempt.ts'

/**
 * What can be done with a message: a bar where the mouse or the focus is, and only there, as a list has many rows; a menu on
 * every row for fingers.
 */
export function MessageActions({
  message,
  isHot,
  isLast,
  view,
  viewer,
  voice,
}: {
  message: Message
  isHot: boolean
  isLast: boolean
  view: RoomView
  viewer: Viewer
  voice: string | undefined
}) {
  const isTouch = useMedia('(pointer: coarse)')
  const attempt = useAttempt()
  if (!isHot && !isTouch) return null
  const { id, author, text } = message
  const offers = offersOf(message, viewer, isLast)
  const main: { name: string; icon: IconName; key: string; run: () => void }[] = [
    { name: 'Copy', icon: 'copy', key: 'C', run: () => void copyAndSay(answerOf(text), 'Copied') },
  ]
  if (offers.edit) main.push({ name: 'Edit', icon: 'edit', key: 'E', run: () => view.editing.open(message) })
  if (offers.regenerate)
    main.push({
      name: 'Answer anew',
      icon: 'again',
      key: 'R',
      run: () => attempt(view.regenerate(message)),
    })
  return (
    <div
      className="message-actions"
      role="group"
      aria-label={`Actions for the message of ${author ?? 'nobody'}`}
    >
      {!isTouch &&
        main.map(({ name, icon, key, run }) => (
          <button
            key={name}
            className="icon-button"
            type="button"
            aria-label={name}
            aria-keyshortcuts={key}
            title={`${name} (${key})`}
            onClick={run}
          >
            <Icon name={icon} />
          </button>
        ))}
      {offers.speak && <SpeakButton id={`${view.store.get().id}/${id}`} text={text} voice={voice} />}
      <Menu label="More" button={<Icon name="more" />}>
        {isTouch &&
          main.map(({ name, icon, run }) => (
            <MenuItem key={name} onSelect={run}>
              <Icon name={icon} />
              {name}
            </MenuItem>
          ))}
        <MenuItem onSelect={() => void copyAndSay(linkTo(view, id), 'Link copied')}>
          <Icon name="link" />
          Copy link
        </MenuItem>
        {offers.undo && (
          <MenuItem danger onSelect={() => attempt(view.undo(message))}>
            <Icon name="trash" />
            Take back
          </MenuItem>
        )}
      </Menu>
    </div>
  )
}

export async function copyAndSay(text: string, done: string): Promise<void> {
  if (await copyText(text)) toast(done)
  else toast('The browser doesn’t allow copying here. Select the text instead.', 'bad')
}

function linkTo(view: RoomView, id: number): string {
  const { id: room, renamed } = view.store.get()
  return new URL(`/rooms/${encodeURIComponent(renamed ?? room)}?m=${id}`, location.href).href
}
