import type { ApiProblem } from '../../../services/chat/protocol.ts'

/** A refusal in the server's own words, or in ours where none answered (`no_answer`). */
export class ApiError extends Error {
  readonly problem: ApiProblem

  constructor(problem: ApiProblem, cause?: unknown) {
    super(problem.title, { cause })
    this.problem = problem
  }
}

export const noAnswer: ApiProblem = {
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
  if (!isJson(response.headers.get('content-type'))) return undefined as R
  try {
    return (await response.json()) as R
  } catch (error) {
    // It broke off in the middle.
    signal?.throwIfAborted()
    throw new ApiError(noAnswer, error)
  }
}

/** The refusal that an answer is. The dev server's own, for a backend that is not there, has no words for people. */
export async function refusal(response: Response): Promise<ApiError> {
  let text: string
  try {
    text = await response.text()
  } catch (error) {
    return new ApiError(noAnswer, error)
  }
  return refusalIn(response.headers.get('content-type'), text)
}

/** The same, of an answer that was not fetched by `fetch`. */
export function refusalIn(type: string | null, text: string): ApiError {
  if (type?.includes('problem+json') !== true) return new ApiError(noAnswer)
  let problem: ApiProblem
  try {
    problem = parsed(text) as ApiProblem
  } catch (error) {
    return new ApiError(noAnswer, error)
  }
  if (problem.status === 401) for (const listener of loggedOut) listener()
  return new ApiError(problem)
}

/** What an answer says; one that broke off is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ApiError(noAnswer, error)
  }
}

function isJson(type: string | null): boolean {
  return type?.includes('json') === true
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
