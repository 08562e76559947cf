import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { type Problem, ProblemError } from '../../lib/problem.ts'
import { type Message, type RoomInfo, roomSchema } from '../../services/chat/protocol.ts'
import { chatNotes as notes } from '../shared/chat-messages.ts'
import { type Backend, roomPath } from './backend.ts'
import { pageOf } from './page.ts'
import { roomStream, type Seen } from './room-stream.ts'
import { type Change, RoomView } from './room-view.ts'
import { Screen } from './screen.ts'

const shownAtFirst = 20
/** A second Ctrl-C within this leaves. */
const againMs = 2000
/** How often a backend that is away is tried again with what was typed meanwhile. */
const retryMs = 500

const postedSchema = z.object({ answering: z.array(z.unknown()) })

/** A room on the terminal, until Ctrl-D. */
export async function talk(backend: Backend, room: string, io: Io): Promise<number> {
  const info = await backend.ask('GET', roomPath(room), roomSchema)
  using talk = new Talk(backend, info, io)
  return await talk.run()
}

class Talk implements Disposable {
  readonly #backend: Backend
  readonly #io: Io
  readonly #agents: readonly string[]
  readonly #view = new RoomView()
  readonly #screen: Screen
  readonly #leaving = new AbortController()
  readonly #signal: AbortSignal
  #room: string
  /** The last messages of the room, as they stand on the screen. */
  #known: Message[] = []
  /** What is typed is sent in its order. */
  #saying: Promise<void> = Promise.resolve()
  #interruptedAt = -Infinity
  #code: number = exit.ok

  constructor(backend: Backend, info: RoomInfo, io: Io) {
    this.#backend = backend
    this.#io = io
    this.#room = info.id
    this.#agents = info.agents
    this.#signal = AbortSignal.any([io.signal, this.#leaving.signal])
    this.#screen = new Screen(io, {
      names: () => [...new Set([...info.agents, 'everyone', ...this.#view.present])],
      typed: text => {
        this.#saying = this.#saying.then(() => this.#say(text)).catch((error: unknown) => this.#failed(error))
      },
      ended: () => this.#leave(exit.ok),
      interrupted: () => this.#interrupt(),
    })
    this.#screen.note(notes.hello(info))
  }

  async run(): Promise<number> {
    const { messages, cursor } = await pageOf(this.#backend, this.#room, shownAtFirst)
    for (const message of messages) this.#show({ type: 'message', message })
    for await (const seen of roomStream(this.#backend, this.#room, cursor, this.#signal))
      await this.#see(seen)
    return this.#io.signal.aborted ? exitCodeOf(String(this.#io.signal.reason)) : this.#code
  }

  [Symbol.dispose](): void {
    this.#screen[Symbol.dispose]()
  }

  async #see(seen: Seen): Promise<void> {
    if (seen.type === 'lost' || seen.type === 'resumed') return this.#screen.note(notes[seen.type]())
    const change = this.#view.take(seen)
    this.#screen.live([...this.#view.replies.values()].filter(({ state }) => state === 'writing'))
    if (change !== undefined) this.#show(change)
    if (seen.type === 'rewind' && this.#known.length === 0) await this.#learn()
    if (seen.type === 'reset') {
      const shown = this.#known.at(-1)?.id ?? -1
      const missed = (await this.#learn()).filter(({ id, end }) => id > shown && end <= seen.cursor.offset)
      for (const message of missed) this.#screen.message(message)
    }
    // Read, since it is on the screen.
    if (seen.type === 'message') void this.#tell('PUT', '/read', { offset: seen.cursor.offset })
  }

  #show(change: Change): void {
    switch (change.type) {
      case 'message':
        this.#known.push(change.message)
        return this.#screen.message(change.message)
      case 'rewound': {
        const isLast = change.id === this.#known.at(-1)?.id
        this.#known = this.#known.filter(({ id }) => id < change.id)
        return this.#screen.note(isLast ? notes.takenBack() : notes.rewound(this.#known.at(-1)))
      }
      case 'failed':
        return this.#screen.note(notes.failed(change))
      case 'note':
        if (change.note === 'renamed') this.#room = change.about ?? this.#room
        return this.#screen.note(notes[change.note](change.about ?? this.#room))
    }
  }

  async #learn(): Promise<Message[]> {
    const { messages } = await pageOf(this.#backend, this.#room, shownAtFirst)
    this.#known = messages
    return messages
  }

  /** A line that begins with a slash is a command; with a space before it, it is said. */
  async #say(typed: string): Promise<void> {
    if (typed.trim() === '') return
    const [word = '', name] = typed.trimEnd().split(/\s+/)
    const last = { hash: this.#known.at(-1)?.hash ?? '' }
    switch (word) {
      case '/quit':
        return this.#leave(exit.ok)
      case '/who':
        return this.#screen.note(notes.present(this.#view.present, this.#agents))
      case '/stop':
        return await this.#stop()
      case '/poke':
        return await this.#tell('POST', '/poke', name === undefined ? {} : { agent: name.replace(/^@/, '') })
      case '/undo':
        return await this.#tell('POST', '/undo', last)
      case '/again':
        return await this.#tell('POST', '/regenerate', last)
      case '/help':
        return this.#screen.note(notes.help)
    }
    if (/^\/\p{L}+$/u.test(word)) return this.#screen.note(notes.noSuchCommand(word))
    await this.#post(typed.trim())
  }

  /** A backend that is away is waited for: it knows by the key whether it has the message already. */
  async #post(text: string): Promise<void> {
    const body = { text, key: crypto.randomUUID() }
    for (let tries = 0; ; tries++) {
      try {
        const path = `${roomPath(this.#room)}/messages`
        const { answering } = await this.#backend.ask('POST', path, postedSchema, body)
        const isAlone = this.#view.present.length < 2
        if (answering.length === 0 && this.#agents.length > 0 && isAlone) {
          this.#screen.note(notes.nobodyAnswers(this.#agents))
        }
        return
      } catch (error) {
        if (this.#signal.aborted) return
        const problem = problemOf(error)
        if (problem.code !== 'not_running') return this.#screen.note(notes.notSaid(problem, text))
        if (tries === 0) this.#screen.note(notes.saidLater(text))
        await delay(retryMs, undefined, { signal: this.#signal }).catch(() => undefined)
      }
    }
  }

  async #tell(method: string, path: string, body?: unknown): Promise<void> {
    try {
      await this.#backend.tell(method, roomPath(this.#room) + path, body)
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    if (!this.#signal.aborted) this.#screen.note(notes.problem(problemOf(error)))
  }

  async #stop(): Promise<void> {
    if (this.#view.replies.size === 0) return this.#screen.note(notes.nothingToStop())
    for (const { reply } of this.#view.replies.values()) await this.#tell('DELETE', `/replies/${reply}`)
  }

  /** First what is being written, then what is being typed, then the talk. */
  #interrupt(): void {
    if (this.#view.replies.size > 0) {
      void this.#stop()
      return
    }
    if (this.#screen.clear()) return
    if (performance.now() - this.#interruptedAt < againMs) return this.#leave(exitCodeOf('SIGINT'))
    this.#interruptedAt = performance.now()
    this.#screen.note(notes.leaveHow())
  }

  #leave(code: number): void {
    this.#code = code
    this.#leaving.abort()
  }
}

function problemOf(error: unknown): Problem {
  if (!(error instanceof ProblemError)) throw error
  return error.problem
}
