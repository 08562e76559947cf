import { ApiError, noAnswer, parsed, refusalIn, roomPath } from '../api.ts'

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
    try {
      if (request.status >= 300)
        throw refusalIn(request.getResponseHeader('content-type'), request.responseText)
      resolve(parsed(request.responseText) as SentFile)
    } catch (error) {
      reject(error)
    }
  })
  request.addEventListener('error', () =>
    reject(new ApiError({ ...noAnswer, detail: 'Try again when it is back.' })),
  )
  signal.addEventListener('abort', () => {
    request.abort()
    reject(signal.reason as Error)
  })
  request.send(file)
  return await promise
}
