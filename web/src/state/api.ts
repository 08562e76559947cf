import type { ApiProblem } from '../../../services/chat/protocol.ts'

/** A refusal in the server's own words, or in ours where none answered (`no_answer`). */
export class ApiError extends Error {
  readonly problem: ApiProblem

  constructor(problem: ApiProblem, cause?: unknown) {
    super(problem.title, { cause })
    this.problem = problem
  }
}

const noAnswer: ApiProblem = {
  code: 'no_answer',
  title: 'The server doesn’t answer',
  status: 0,
  detail: 'It may be restarting. The page tries again by itself; what you typed is kept.',
}

/**
 * One request to /api. The answer is what the route's schema says: page and server are of one version, so it is not checked
 * again. Throws an ApiError; an aborted one throws the signal's reason.
 */
export async function call<R = undefined>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  { body, signal }: { body?: unknown; signal?: AbortSignal } = {},
): Promise<R> {
  const isBytes = body instanceof Blob
  const type = isBytes ? 'application/octet-stream' : 'application/json'
  let response: Response
  try {
    response = await fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': type }, body: isBytes ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw new ApiError(noAnswer, error)
  }
  if (!response.ok) throw await refusal(response)
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return (isJson ? await response.json() : undefined) as R
}

/** The refusal that an answer is. The dev server's own, for a backend that is not there, has no words for people. */
export async function refusal(response: Response): Promise<ApiError> {
  if (response.headers.get('content-type')?.includes('problem+json') !== true) return new ApiError(noAnswer)
  const problem = (await response.json()) as ApiProblem
  if (problem.status === 401) for (const listener of loggedOut) listener()
  return new ApiError(problem)
}

const loggedOut = new Set<() => void>()

/** Calls back whenever the server says that nobody is logged in. Returns what ends that. */
export function onLoggedOut(listener: () => void): () => void {
  loggedOut.add(listener)
  return () => loggedOut.delete(listener)
}

/** For what is shown beside a form. A bug stays a bug. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiError) return error.problem
  throw error
}

/** A room's id in an address. */
export function roomPath(id: string): string {
  return `/api/rooms/${encodeURIComponent(id)}`
}
