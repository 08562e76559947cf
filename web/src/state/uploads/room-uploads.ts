import { ApiError, call, problemOf, roomPath } from '../api.ts'
import { createStore, type Store } from '../store.ts'
import { sendFile } from './send-file.ts'
import { changeUploads, newUpload, nextToSend, type Upload, type UploadEvent } from './uploads.ts'

/** The files of one room's next message. */
export interface RoomUploads {
  readonly store: Store<readonly Upload[], UploadEvent>
  readonly add: (files: readonly File[]) => void
  readonly retry: (key: number) => void
  /** Stops it on its way, or takes it away again from beside the room. */
  readonly remove: (key: number) => void
  /** A message shows them from now on. */
  readonly sent: (keys: readonly number[]) => void
  /** A picture to show, as a blob: address. */
  readonly preview: (key: number) => string | undefined
}

/** They go on while another room is shown, and are still there when one comes back. */
export function uploadsOf(room: string): RoomUploads {
  const known = rooms.get(room)
  if (known !== undefined) return known
  const made = createUploads(room)
  rooms.set(room, made)
  made.store.subscribe(() => {
    if (made.store.get().length === 0) rooms.delete(room)
    else rooms.set(room, made)
  })
  return made
}

const rooms = new Map<string, RoomUploads>()
let lastKey = 0

function createUploads(room: string): RoomUploads {
  const store = createStore<readonly Upload[], UploadEvent>([], changeUploads)
  const held = new Map<number, { file: File; life: AbortController; preview: string | undefined }>()

  async function send(key: number): Promise<void> {
    const one = held.get(key)
    if (one === undefined) return
    const { signal } = one.life
    store.dispatch({ type: 'begin', key })
    try {
      const tell = (progress: number): void => store.dispatch({ type: 'progress', key, progress })
      const { id, url, type: served } = await sendFile(room, one.file, tell, signal)
      store.dispatch({ type: 'done', key, file: id, url, served })
    } catch (error) {
      if (signal.aborted) return
      store.dispatch({ type: 'fail', key, problem: problemOf(error) })
    }
    goOn()
  }

  function forget(keys: readonly number[]): void {
    for (const key of keys) {
      const one = held.get(key)
      one?.life.abort()
      if (one?.preview !== undefined) URL.revokeObjectURL(one.preview)
      held.delete(key)
    }
    store.dispatch({ type: 'remove', keys })
    goOn()
  }

  function goOn(): void {
    for (const { key } of nextToSend(store.get())) void send(key)
  }

  return {
    store,
    add: files => {
      const uploads = files.map(file => {
        const key = ++lastKey
        const preview = file.type.startsWith('image/') ? URL.createObjectURL(file) : undefined
        held.set(key, { file, life: new AbortController(), preview })
        return newUpload(key, file)
      })
      store.dispatch({ type: 'add', uploads })
      goOn()
    },
    retry: key => {
      store.dispatch({ type: 'retry', key })
      goOn()
    },
    remove: key => {
      const one = store.get().find(upload => upload.key === key)
      forget([key])
      if (one?.state.type === 'done') void takeAway(room, one.state.file)
    },
    sent: forget,
    preview: key => held.get(key)?.preview,
  }
}

async function takeAway(room: string, file: string): Promise<void> {
  try {
    await call('DELETE', `${roomPath(room)}/files/${file}`)
  } catch (error) {
    // It is in no message; who looks for room on the disk finds it in the room's list of files.
    if (!(error instanceof ApiError)) throw error
  }
}
