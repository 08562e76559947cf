import { useState } from 'react'
import { call } from '../../state/api.ts'
import { queries } from '../../state/queries.ts'
import { toast } from '../../state/toasts.ts'
import { ProblemNote } from '../controls/problem.tsx'
import { Section } from '../pages/page.tsx'
import { useAction } from '../pages/use-action.ts'

export function PasswordPart({ name }: { name: string }) {
  const [old, setOld] = useState('')
  const [password, setPassword] = useState('')
  const { run, busy, problem } = useAction()
  const change = async (): Promise<void> => {
    await call('POST', '/api/password', { body: { old, password } })
    await queries.invalidateQueries({ queryKey: ['users'] })
  }
  return (
    <Section title="Password" about="Changing it ends all your other sessions.">
      <form
        className="card stack password-form"
        onSubmit={event => {
          event.preventDefault()
          run(change, () => {
            setOld('')
            setPassword('')
            toast('The password is changed')
          })
        }}
      >
        {/* So that a password manager knows whose it is. */}
        <input
          className="unseen-text"
          autoComplete="username"
          value={name}
          readOnly
          tabIndex={-1}
          aria-hidden
        />
        <div className="two">
          <label className="field">
            <span className="label">Old password</span>
            <input
              className="input"
              type="password"
              autoComplete="current-password"
              required
              value={old}
              onChange={event => setOld(event.target.value)}
            />
          </label>
          <label className="field">
            <span className="label">New password</span>
            <input
              className="input"
              type="password"
              autoComplete="new-password"
              required
              minLength={8}
              value={password}
              onChange={event => setPassword(event.target.value)}
            />
            <span className="hint">8 characters or more.</span>
          </label>
        </div>
        <ProblemNote problem={problem} />
        <div className="row">
          <button className="button" type="submit" disabled={busy}>
            Change password
          </button>
        </div>
      </form>
    </Section>
  )
}
