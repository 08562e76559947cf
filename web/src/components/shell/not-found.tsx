import { Link } from 'wouter'

export function NotFound() {
  return (
    <div className="empty">
      <h1>Nothing is here</h1>
      <p>This address leads nowhere on this server, or only where you may not go.</p>
      <Link className="button" href="/">
        To the rooms
      </Link>
    </div>
  )
}
