import { useEffect, useRef, useSyncExternalStore } from 'react'
import { voiceSettings } from '../../state/composer/voice-settings.ts'
import { ariaKeys } from '../../state/keys/shortcuts.ts'
import { isOn } from '../../state/voice/microphone.ts'
import { microphone } from '../../state/voice/microphone-store.ts'
import { Icon } from '../controls/icon.tsx'
import { Menu } from '../controls/menu.tsx'
import './microphone-button.css'

export function MicrophoneButton({ room }: { room: string }) {
  const state = useSyncExternalStore(microphone.state.subscribe, microphone.state.get)
  const { sendWhatISay, readAloud } = useSyncExternalStore(voiceSettings.subscribe, voiceSettings.get)
  const ring = useRef<HTMLSpanElement>(null)
  const reads = readAloud.includes(room)

  // 25 times a second, past React: only one property of one element changes.
  useEffect(
    () => microphone.onLevel(level => ring.current?.style.setProperty('--level', level.toFixed(3))),
    [],
  )

  return (
    <span className="microphone-group">
      <button
        className="microphone-button"
        type="button"
        data-state={state.kind}
        aria-label="Microphone"
        aria-pressed={isOn(state)}
        aria-keyshortcuts={ariaKeys('microphone')}
        onClick={() => microphone.toggle()}
      >
        <span className="microphone-ring" ref={ring} aria-hidden="true" />
        <Icon name="microphone" />
      </button>
      <Menu label="Voice" button={<Icon name="chevron" />} className="microphone-menu">
        <MenuSwitch
          on={sendWhatISay}
          onSelect={() => voiceSettings.dispatch({ type: 'send', on: !sendWhatISay })}
        >
          Send what I say
        </MenuSwitch>
        <MenuSwitch
          on={reads}
          onSelect={() => voiceSettings.dispatch({ type: 'read aloud', room, on: !reads })}
        >
          Read answers aloud here
        </MenuSwitch>
      </Menu>
    </span>
  )
}

function MenuSwitch({ on, onSelect, children }: { on: boolean; onSelect: () => void; children: string }) {
  return (
    <button
      className="menu-item menu-switch"
      type="button"
      role="menuitemcheckbox"
      aria-checked={on}
      tabIndex={-1}
      onClick={onSelect}
    >
      <Icon name="check" />
      {children}
    </button>
  )
}
