import { useLocation } from 'wouter'
import type { Me } from '../../../../services/backend/protocol.ts'
import { problemOf } from '../../state/api.ts'
import { logOut } from '../../state/session.ts'
import { openDialog } from '../../state/shell/dialogs.ts'
import { pagesFor } from '../../state/shell/places.ts'
import { chooseTheme, theme, themeInWords, themes } from '../../state/theme.ts'
import { toast } from '../../state/toasts.ts'
import { Avatar } from '../controls/avatar.tsx'
import { Icon } from '../controls/icon.tsx'
import { Menu, MenuItem } from '../controls/menu.tsx'
import { sentence } from '../controls/problem.tsx'
import { useStore } from '../controls/use-store.ts'

export function PersonMenu({ me }: { me: Me }) {
  const [, navigate] = useLocation()
  const chosen = useStore(theme)
  const profile = pagesFor(me).find(({ path }) => path === '/profile')
  return (
    <Menu
      label={`${me.name}: profile, theme and more`}
      className="side-row person-row"
      button={
        <>
          <Avatar name={me.name} agent={false} />
          <span className="side-name">{me.name}</span>
          <Icon name="more" />
        </>
      }
    >
      <MenuItem onSelect={() => navigate('/profile')}>
        <Icon name="person" />
        {profile?.name}
      </MenuItem>
      <MenuItem onSelect={() => openDialog({ type: 'shortcuts' })}>
        <Icon name="keyboard" />
        Keyboard shortcuts
      </MenuItem>
      <div role="group" aria-label="Theme" className="menu-group">
        <p className="menu-heading" aria-hidden="true">
          Theme
        </p>
        {themes.map(name => (
          <MenuItem key={name} checked={chosen === name} onSelect={() => chooseTheme(name)}>
            <Icon name={chosen === name ? 'check' : 'none'} />
            {themeInWords[name]}
          </MenuItem>
        ))}
      </div>
      {me.mode === 'accounts' && (
        <MenuItem onSelect={() => void leave()}>
          <Icon name="out" />
          Log out
        </MenuItem>
      )}
    </Menu>
  )
}

async function leave(): Promise<void> {
  try {
    await logOut()
  } catch (error) {
    toast(sentence(problemOf(error).title), 'bad')
  }
}
