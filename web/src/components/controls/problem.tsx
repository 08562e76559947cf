import type { ApiProblem } from '../../../../services/chat/protocol.ts'

/** What went wrong and what to do, where it happened. Read aloud when it appears: render it into something that is there. */
export function ProblemNote({ problem }: { problem: Pick<ApiProblem, 'title' | 'detail'> | undefined }) {
  return (
    <div role="alert">
      {problem !== undefined && (
        <div className="callout" data-tone="bad">
          <p className="what">{sentence(problem.title)}</p>
          {problem.detail !== undefined && <p>{sentence(problem.detail)}</p>}
        </div>
      )}
    </div>
  )
}

/** The server's words begin small and end without a full stop. */
export function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?…:]$/.test(first) ? first : `${first}.`
}
