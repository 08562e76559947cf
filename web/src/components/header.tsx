import type { Connection } from '../state/connection.ts'
import { connectionInWords } from '../state/connection.ts'

export function Header({ connection }: { connection: Connection }) {
  const { words, tone } = connectionInWords(connection)
  return (
    <header className="header">
      <div className="column header-row">
        <h1 className="wordmark">
          <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
            <path d="M5 13v6M12.3 8v16M19.6 4v24M27 11v10" />
          </svg>
          Courante
        </h1>
        <p className="connection" data-tone={tone} role="status">
          <span className="dot" aria-hidden="true" />
          {words}
        </p>
      </div>
    </header>
  )
}
