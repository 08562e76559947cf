import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { roomSchema } from '../../services/chat/protocol.ts'
import { chatNotes } from '../shared/chat-messages.ts'
import { type Backend, roomPath } from './backend.ts'
import { pageOf } from './page.ts'
import { roomStream } from './room-stream.ts'
import { type Change, RoomView } from './room-view.ts'
import { Screen } from './screen.ts'

const shownAtFirst = 20

/** A room on the terminal, until Ctrl-D. */
export async function talk(backend: Backend, room: string, io: Io): Promise<number> {
  const info = await backend.ask('GET', roomPath(room), roomSchema)
  const page = await pageOf(backend, room, shownAtFirst)
  const view = new RoomView()
  const leaving = new AbortController()
  const signal = AbortSignal.any([io.signal, leaving.signal])
  let code: number = exit.ok
  let name = info.id
  const leave = (with_: number): void => {
    code = with_
    leaving.abort()
  }
  using screen = new Screen(io, {
    names: () => [...new Set([...info.agents, 'everyone', ...view.present])],
    typed: text => void say(text),
    ended: () => leave(exit.ok),
    interrupted: () => {
      // First what is being written, then the talk.
      if (view.replies.size === 0) leave(exitCodeOf('SIGINT'))
      for (const { reply } of view.replies.values()) void tell('DELETE', `/replies/${reply}`)
    },
  })
  const tell = async (method: string, path: string, body?: unknown): Promise<boolean> => {
    try {
      await backend.tell(method, roomPath(name) + path, body)
      return true
    } catch (error) {
      if (signal.aborted) return false
      if (!(error instanceof ProblemError)) throw error
      screen.note(chatNotes.problem(error.problem))
      return false
    }
  }
  const last = { id: -1, hash: '' }
  const say = async (typed: string): Promise<void> => {
    const text = typed.trim()
    if (text === '') return
    const [word = '', ...rest] = text.split(/\s+/)
    switch (word) {
      case '/quit':
        return leave(exit.ok)
      case '/who':
        return screen.note(chatNotes.present(view.present, info.agents))
      case '/stop':
        for (const { reply } of view.replies.values()) await tell('DELETE', `/replies/${reply}`)
        return
      case '/poke':
        await tell('POST', '/poke', rest[0] === undefined ? {} : { agent: rest[0].replace(/^@/, '') })
        return
      case '/undo':
        await tell('POST', '/undo', { hash: last.hash })
        return
      case '/again':
        await tell('POST', '/regenerate', { hash: last.hash })
        return
      case '/help':
        return screen.note(chatNotes.help)
    }
    if (/^\/\p{L}+$/u.test(word)) return screen.note(chatNotes.noSuchCommand(word))
    const sent = await tell('POST', '/messages', { text: typed.trimEnd(), key: crypto.randomUUID() })
    if (!sent && !signal.aborted) screen.giveBack(text)
  }
  const show = (change: Change): void => {
    switch (change.type) {
      case 'message':
        last.id = change.message.id
        last.hash = change.message.hash
        return screen.message(change.message)
      case 'rewound':
        return screen.note(chatNotes.rewound(change.id))
      case 'failed':
        return screen.note(chatNotes.failed(change))
      case 'note':
        if (change.note === 'renamed') name = change.about ?? name
        return screen.note(chatNotes[change.note](change.about ?? name))
    }
  }
  screen.note(chatNotes.hello(info))
  for (const message of page.messages) show({ type: 'message', message })
  for await (const seen of roomStream(backend, room, page.cursor, signal)) {
    if (seen.type === 'lost' || seen.type === 'resumed') {
      screen.note(chatNotes[seen.type]())
      continue
    }
    const change = view.take(seen)
    if (seen.type !== 'message' || view.replies.size > 0 || seen.reply !== undefined) {
      screen.live([...view.replies.values()].filter(({ state }) => state === 'writing'))
    }
    if (change !== undefined) show(change)
    // Read, since it is on the screen.
    if (seen.type === 'message') void tell('PUT', '/read', { offset: seen.cursor.offset })
  }
  return io.signal.aborted ? exitCodeOf(String(io.signal.reason)) : code
}
