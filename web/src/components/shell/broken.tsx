import { Component, type ReactNode } from 'react'
import { ApiError } from '../../state/api.ts'
import { sentence } from '../controls/problem.tsx'

/** What stands here when something inside throws: the rest of the window goes on. Give it a `key` that changes with the place. */
export class Broken extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: undefined }

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error }
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === undefined) return this.props.children
    return (
      <div className="empty" role="alert">
        <h2>This part of the page has failed</h2>
        <p>
          {error instanceof ApiError
            ? apiWords(error)
            : 'Nothing that was sent is lost, and drafts are kept.'}
        </p>
        <button className="button primary" type="button" onClick={() => location.reload()}>
          Reload
        </button>
        <details className="broken-details">
          <summary>What the program says</summary>
          <code>
            {error instanceof Error ? `${error.name}: ${error.message}` : 'something that is no error'}
          </code>
        </details>
      </div>
    )
  }
}

function apiWords({ problem }: ApiError): string {
  return [problem.title, problem.detail]
    .filter(words => words !== undefined)
    .map(sentence)
    .join(' ')
}
