import './server-bar.css'

/** Says calmly that the page is alone for a while. Always there, so that a screen reader notices when it fills. */
export function ServerBar({ gone }: { gone: boolean }) {
  return (
    <div className="server-bar" role="status" data-gone={gone}>
      {gone && 'The server doesn’t answer. Trying again.'}
    </div>
  )
}
