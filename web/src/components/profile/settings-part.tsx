import { chooseTheme, theme, themeInWords, themes } from '../../state/theme.ts'
import { useStore } from '../controls/use-store.ts'
import { Section } from '../pages/page.tsx'
import './profile.css'

/** What this browser alone remembers. */
export function SettingsPart() {
  const chosen = useStore(theme)
  return (
    <Section title="This browser" about="Kept here, and not on the server.">
      <fieldset className="card settings">
        <legend className="legend">Theme</legend>
        <div className="segments">
          {themes.map(each => (
            <label key={each}>
              <input
                type="radio"
                name="theme"
                className="unseen-text"
                checked={chosen === each}
                onChange={() => chooseTheme(each)}
              />
              <span>{themeInWords[each]}</span>
            </label>
          ))}
        </div>
      </fieldset>
    </Section>
  )
}
