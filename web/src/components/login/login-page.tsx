import { useState } from 'react'
import type { ApiProblem } from '../../../../services/chat/protocol.ts'
import { problemOf } from '../../state/api.ts'
import { logIn } from '../../state/session.ts'
import { Mark } from '../controls/mark.tsx'
import { ProblemNote } from '../controls/problem.tsx'
import './login-page.css'

/** Stands at whatever address one wanted to go to, which is there afterwards. */
export function LoginPage() {
  const [problem, setProblem] = useState<ApiProblem>()
  const [busy, setBusy] = useState(false)
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const submit = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      await logIn(name, password)
    } catch (error) {
      setProblem(problemOf(error))
      setBusy(false)
    }
  }
  return (
    <main className="login">
      <title>Log in — Courante</title>
      <form
        className="login-form"
        onSubmit={event => {
          event.preventDefault()
          if (!busy) void submit()
        }}
      >
        <h1 className="wordmark">
          <Mark />
          Courante
        </h1>
        <p className="soft">Log in to your rooms.</p>
        <label className="field">
          <span className="label">Name</span>
          <input
            className="input"
            name="username"
            value={name}
            onChange={event => setName(event.target.value)}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            // The one thing to do here.
            // oxlint-disable-next-line jsx-a11y/no-autofocus
            autoFocus
          />
        </label>
        <label className="field">
          <span className="label">Password</span>
          <input
            className="input"
            name="password"
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={event => setPassword(event.target.value)}
            required
          />
        </label>
        <ProblemNote problem={problem} />
        <button className="button primary" type="submit" aria-disabled={busy}>
          {busy ? 'Logging in' : 'Log in'}
        </button>
        <p className="soft note">
          No account, or the password forgotten? Whoever looks after this server can send you a link. The link
          for its first account stands in the backend’s log.
        </p>
      </form>
    </main>
  )
}
