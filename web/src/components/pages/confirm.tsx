import type { ReactNode } from 'react'
import { Dialog } from '../controls/dialog.tsx'
import { ProblemNote } from '../controls/problem.tsx'
import { useAction } from './use-action.ts'

/** Asks once more: what happens, what stays. Closes when it is done, and says so itself when it can't be. */
export function Confirm({
  title,
  button,
  danger = false,
  ask,
  onClose,
  children,
}: {
  title: string
  /** A verb: what the button does. */
  button: string
  danger?: boolean
  ask: () => Promise<unknown>
  onClose: () => void
  children: ReactNode
}) {
  const { run, busy, problem } = useAction()
  return (
    <Dialog title={title} onClose={onClose} busy={busy}>
      {children}
      <ProblemNote problem={problem} />
      <div className="row end">
        <button className="button" type="button" disabled={busy} onClick={onClose}>
          Cancel
        </button>
        <button
          className={danger ? 'button danger' : 'button primary'}
          type="button"
          disabled={busy}
          onClick={() => run(ask, onClose)}
        >
          {button}
        </button>
      </div>
    </Dialog>
  )
}
