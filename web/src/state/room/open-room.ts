import type { ApiProblem, Cursor, RoomEvent } from '../../../../services/chat/protocol.ts'
import type { RoomDetail } from '../../../../services/backend/protocol.ts'
import { ApiError, call, roomPath } from '../api.ts'
import { socketUrl } from '../lasting-socket.ts'
import { createStore } from '../store.ts'
import { createEditing } from './editing.ts'
import { moveRoom } from './move-room.ts'
import { outboxes } from './outboxes.ts'
import { Pages } from './pages.ts'
import { readMarks } from './read-marks.ts'
import { emptyRoom, reduceRoom, type OpenRoom, type RoomAction, type StreamEvent } from './reduce.ts'
import { followStream } from './stream.ts'
import type { RoomView } from './view.ts'

/** Opens a room: lists its end, and follows it until `close`. `me`: the name under which we write. */
export function openRoom(id: string, me: string): RoomView {
  const life = new AbortController()
  const { signal } = life
  const store = createStore<OpenRoom, RoomAction>(emptyRoom(id, me), reduceRoom)
  let name = id
  let isFollowed = false
  /** What a window is replaced by when the reader's place in it has to be found again. */
  let place = { atEnd: true, id: 0 }
  const marks = readMarks(offset => call('PUT', `${roomPath(name)}/read`, { body: { offset } }), signal)

  const pages = new Pages(
    {
      path: () => roomPath(name),
      state: store.get,
      dispatch: store.dispatch,
      onCursor: cursor => {
        marks.at(cursor.offset)
        if (!isFollowed) follow(cursor)
      },
      onRefused: problem => closed('refused', problem),
      onLost: () => {
        // Once there is a stream, that says whether the server is there.
        if (!isFollowed) store.dispatch({ type: 'connection', is: 'lost' })
      },
    },
    signal,
  )
  const outbox = outboxes.of(me, id)
  signal.addEventListener('abort', outbox.listen(store.dispatch))

  function follow(from: Cursor): void {
    isFollowed = true
    followStream(
      {
        url: ({ offset, check }) => socketUrl(`${roomPath(name)}/stream?offset=${offset}&check=${check}`),
        from,
        onEvents: events => {
          store.dispatch({ type: 'stream', events })
          for (const event of events) after(event)
          if (store.get().messages.length === 0 && store.get().count > 0) pages.older()
        },
        onLost: () => {
          if (store.get().connection === 'gone') return
          store.dispatch({ type: 'connection', is: 'lost' })
          outbox.retry()
        },
        mayReturn,
      },
      signal,
    )
  }

  function after(event: StreamEvent): void {
    if (isRoomEvent(event) && 'cursor' in event) marks.at(event.cursor.offset)
    if (event.type === 'hello') outbox.retry()
    if (event.type === 'rewind' || event.type === 'reset') pages.changed()
    if (event.type === 'reset') pages.window(place.atEnd ? undefined : place.id, 'quiet')
    if (event.type === 'renamed') {
      moveRoom(me, name, event.to)
      name = event.to
    }
    if (event.type === 'gone') {
      outbox.giveAllBack()
      life.abort()
    }
  }

  function closed(is: 'gone' | 'refused', problem: ApiProblem): void {
    store.dispatch({ type: 'connection', is, problem })
    // Whoever has to log in comes back, and their posts go out then.
    if (problem.status !== 401) outbox.giveAllBack()
  }

  async function mayReturn(): Promise<boolean> {
    try {
      await call('GET', roomPath(name), { signal })
      return true
    } catch (error) {
      if (signal.aborted) return false
      if (!(error instanceof ApiError)) throw error
      const { problem } = error
      if (![401, 403, 404].includes(problem.status)) return true
      closed(problem.status === 404 ? 'gone' : 'refused', problem)
      life.abort()
      return false
    }
  }

  async function unread(): Promise<void> {
    try {
      const { unread } = await call<RoomDetail>('GET', roomPath(name), { signal })
      await pages.opened
      if (unread > 0) store.dispatch({ type: 'unread', from: store.get().count - unread })
    } catch (error) {
      // The list meets the same refusal, and says it.
      if (!signal.aborted && !(error instanceof ApiError)) throw error
    }
  }

  pages.window()
  void unread()

  const room = (): string => roomPath(name)
  return {
    store,
    editing: createEditing(
      id => store.get().messages.find(message => message.id === id),
      ({ id, hash }, text) => call('PUT', `${room()}/messages/${id}`, { body: { text, hash } }),
    ),
    post: text => {
      if (!store.get().atEnd && store.get().window > 0) pages.window()
      outbox.post(text)
    },
    retry: key => outbox.again(key),
    discard: key => outbox.discard(key),
    undo: ({ hash }) => call('POST', `${room()}/undo`, { body: { hash } }),
    regenerate: ({ hash }) => call('POST', `${room()}/regenerate`, { body: { hash } }),
    poke: agent => call('POST', `${room()}/poke`, { body: agent === undefined ? {} : { agent } }),
    stop: reply => call('DELETE', `${room()}/replies/${encodeURIComponent(reply)}`),
    loadOlder: () => pages.older(),
    loadNewer: () => pages.newer(),
    goTo: id => {
      const { messages } = store.get()
      const isHere = messages.some(message => message.id === id)
      if (isHere) store.dispatch({ type: 'target', id })
      else pages.window(id)
    },
    goToEnd: () => {
      if (!store.get().atEnd) pages.window()
    },
    look: at => {
      place = at
      store.dispatch({ type: 'look', isReading: !at.atEnd })
    },
    markRead: () => {
      if (store.get().atEnd) marks.seen()
    },
    close: () => life.abort(),
  }
}

function isRoomEvent(event: StreamEvent): event is RoomEvent {
  return event.type !== 'beat'
}
