import type { ApiProblem } from '../../../../services/chat/protocol.ts'

/** A file that goes beside the room, before the message that shows it. */
export interface Upload {
  readonly key: number
  readonly name: string
  readonly bytes: number
  /** What the browser takes it for; the server looks for itself. */
  readonly type: string
  readonly state: UploadState
}

/**
 *   waiting ──▶ sending ──▶ done
 *      ▲           ▼
 *      └─retry── failed
 */
export type UploadState =
  | { readonly type: 'waiting' }
  /** From 0 to 1. */
  | { readonly type: 'sending'; readonly progress: number }
  /** `file`: its id on the server; `served`: what the server says that it is. */
  | { readonly type: 'done'; readonly file: string; readonly url: string; readonly served: string }
  | {
      readonly type: 'failed'
      readonly problem: Pick<ApiProblem, 'title' | 'detail'>
      readonly final: boolean
    }

export type UploadEvent =
  | { readonly type: 'add'; readonly uploads: readonly Upload[] }
  | { readonly type: 'begin'; readonly key: number }
  | { readonly type: 'progress'; readonly key: number; readonly progress: number }
  | ({ readonly key: number } & Extract<UploadState, { type: 'done' }>)
  | { readonly type: 'fail'; readonly key: number; readonly problem: Pick<ApiProblem, 'title' | 'detail'> }
  | { readonly type: 'retry'; readonly key: number }
  | { readonly type: 'remove'; readonly keys: readonly number[] }

export const mostFileBytes = 32 * 1024 * 1024
/** Sent at the same time; a browser has six connections for all requests to a server. */
const sentAtOnce = 2

/** Events of an upload that was removed, or that don't fit its state, are late and change nothing. */
export function changeUploads(uploads: readonly Upload[], event: UploadEvent): readonly Upload[] {
  switch (event.type) {
    case 'add':
      return [...uploads, ...event.uploads]
    case 'begin':
      return to(uploads, event.key, 'waiting', { type: 'sending', progress: 0 })
    case 'progress':
      return to(uploads, event.key, 'sending', { type: 'sending', progress: event.progress })
    case 'done': {
      const { key, ...state } = event
      return to(uploads, key, 'sending', state)
    }
    case 'fail':
      return to(uploads, event.key, 'sending', { type: 'failed', problem: event.problem, final: false })
    case 'retry':
      return to(uploads, event.key, 'failed', { type: 'waiting' })
    case 'remove':
      return uploads.filter(({ key }) => !event.keys.includes(key))
  }
}

function to(
  uploads: readonly Upload[],
  key: number,
  from: UploadState['type'],
  state: UploadState,
): readonly Upload[] {
  if (!uploads.some(one => one.key === key && one.state.type === from)) return uploads
  return uploads.map(one => (one.key === key ? { ...one, state } : one))
}

/** Whose turn it is. */
export function nextToSend(uploads: readonly Upload[]): readonly Upload[] {
  const sending = uploads.filter(({ state }) => state.type === 'sending').length
  return uploads.filter(({ state }) => state.type === 'waiting').slice(0, Math.max(0, sentAtOnce - sending))
}

/** A file as it was chosen; one that the server would refuse is told at once. */
export function newUpload(key: number, file: Pick<File, 'name' | 'size' | 'type'>): Upload {
  const { name, size: bytes, type } = file
  return { key, name, bytes, type, state: refused(bytes) ?? { type: 'waiting' } }
}

function refused(bytes: number): UploadState | undefined {
  const failed = (title: string): UploadState => ({ type: 'failed', problem: { title }, final: true })
  if (bytes > mostFileBytes) return failed('Too large: a file has 32 MB at most.')
  return bytes === 0 ? failed('It is empty.') : undefined
}

export function isSettled({ state }: Upload): boolean {
  return state.type === 'done' || state.type === 'failed'
}
