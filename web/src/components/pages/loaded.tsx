import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { problemOf } from '../../state/api.ts'
import { ProblemNote } from '../controls/problem.tsx'

/** What a query brought, or that it is on its way, or why it did not come. What is there stays while a newer one fails. */
export function Loaded<Data>({
  query,
  children,
}: {
  query: UseQueryResult<Data>
  children: (data: Data) => ReactNode
}) {
  const { data, error, refetch } = query
  if (data !== undefined) return children(data)
  if (error === null) return <p className="loading">Loading</p>
  return (
    <div className="stack">
      <ProblemNote problem={problemOf(error)} />
      <div className="row">
        <button className="button" type="button" onClick={() => void refetch()}>
          Try again
        </button>
      </div>
    </div>
  )
}
