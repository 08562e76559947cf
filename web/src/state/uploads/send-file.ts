import type { ApiProblem } from '../../../../services/chat/protocol.ts'
import { ApiError, roomPath } from '../api.ts'

/** Where it lies now, and what the server says that it is. */
export interface SentFile {
  readonly id: string
  readonly name: string
  readonly url: string
  readonly type: string
}

/**
 * Puts a file beside the room. An XMLHttpRequest, since only that tells how much has gone. Throws an ApiError, or the signal's
 * reason.
 */
export async function sendFile(
  room: string,
  file: File,
  onProgress: (progress: number) => void,
  signal: AbortSignal,
): Promise<SentFile> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<SentFile>()
  const request = new XMLHttpRequest()
  request.open('POST', `${roomPath(room)}/files?name=${encodeURIComponent(file.name)}`)
  request.setRequestHeader('content-type', 'application/octet-stream')
  request.upload.addEventListener('progress', ({ loaded, total }) =>
    onProgress(total === 0 ? 0 : loaded / total),
  )
  request.addEventListener('load', () => {
    if (request.status < 300) resolve(JSON.parse(request.responseText) as SentFile)
    else reject(new ApiError(refusalIn(request)))
  })
  request.addEventListener('error', () => reject(new ApiError(noAnswer)))
  signal.addEventListener('abort', () => {
    request.abort()
    reject(signal.reason as Error)
  })
  request.send(file)
  return await promise
}

const noAnswer: ApiProblem = {
  code: 'no_answer',
  title: 'The server doesn’t answer',
  status: 0,
  detail: 'Try again when it is back.',
}

function refusalIn(request: XMLHttpRequest): ApiProblem {
  const isProblem = request.getResponseHeader('content-type')?.includes('problem+json') === true
  return isProblem ? (JSON.parse(request.responseText) as ApiProblem) : noAnswer
}
