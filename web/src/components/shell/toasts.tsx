import { toasts } from '../../state/toasts.ts'
import { useStore } from '../controls/use-store.ts'
import './toasts.css'

export function Toasts() {
  const shown = useStore(toasts)
  return (
    <div className="toasts" role="status">
      {shown.map(({ id, tone, text }) => (
        <p key={id} className="toast" data-tone={tone}>
          {text}
        </p>
      ))}
    </div>
  )
}
