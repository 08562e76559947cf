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
  /** The room has another name by now. */
  readonly move: (to: string) => void
}

/** They go on while another room is shown, and are still there when one comes back. */
export function uploadsOf(me: string, room: string): RoomUploads {
  const id = idOf(me, room)
  const one = known.get(id) ?? { me, uploads: createUploads(room) }
  known.set(id, one)
  return one.uploads
}

export function moveUploads(me: string, from: string, to: string): void {
  const one = known.get(idOf(me, from))
  // Told twice: what is there by now stays.
  if (one === undefined || one.uploads.store.get().length === 0) return
  known.delete(idOf(me, from))
  known.set(idOf(me, to), one)
  one.uploads.move(to)
}

/** Nobody else sees the files of whoever was here before; `but`: who is here now. */
export function forgetUploads(but?: string): void {
  for (const [id, { me, uploads }] of known) {
    if (me === but) continue
    known.delete(id)
    uploads.sent(uploads.store.get().map(({ key }) => key))
  }
}

const known = new Map<string, { readonly me: string; readonly uploads: RoomUploads }>()
let lastKey = 0

function idOf(me: string, room: string): string {
  return `${me}/${room}`
}

function createUploads(opened: string): RoomUploads {
  let room = opened
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
    move: to => {
      room = to
    },
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
