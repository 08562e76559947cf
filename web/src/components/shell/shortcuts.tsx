import { keyInWords, listedShortcuts } from '../../state/keys/shortcuts.ts'
import { closeDialog } from '../../state/shell/dialogs.ts'
import { Dialog } from '../controls/dialog.tsx'
import './shortcuts.css'

/** Everything that a key does; made of what the keys are listened to by. */
export function Shortcuts() {
  return (
    <Dialog title="Keyboard shortcuts" wide onClose={closeDialog}>
      <div className="shortcuts">
        {listedShortcuts().map(({ place, rows }) => (
          <section key={place}>
            <h3>{place}</h3>
            <dl>
              {rows.map(({ keys, does }) => (
                <div key={does}>
                  <dt>{does}</dt>
                  <dd>
                    {keys.map(key => (
                      <span className="shortcut" key={key}>
                        {keyInWords(key).map(part => (
                          <kbd key={part}>{part}</kbd>
                        ))}
                      </span>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p className="soft note">
        Single letters are for when you are not writing. Tab and Shift Tab reach everything.
      </p>
    </Dialog>
  )
}
