import { join } from 'node:path'
import { ProblemError } from '../../../lib/problem.ts'
import type { PortalClient } from '../../portal/client.ts'
import { newId } from '../../portal/ids.ts'
import { agentNotes, agentProblems, roomProblems } from '../messages.ts'
import type { ApiProblem, LiveReply, Message } from '../protocol.ts'
import { type Clock, realClock } from '../rooms/clock.ts'
import type { Room } from '../rooms/room.ts'
import type { Rooms } from '../rooms/rooms.ts'
import { nameKey } from './agent.ts'
import type { Agents } from './agents.ts'
import { apiProblem } from './ask.ts'
import type { RoomFiles } from './files.ts'
import { keep } from './keep.ts'
import { recoverReplies } from './recover.ts'
import { type EndReason, Reply, type ReplyPlan } from './reply.ts'
import { RoomLine } from './room-line.ts'
import { type Seat, tailLength, whoAnswers, whoIsPoked } from './turns.ts'
import { type End, Writer } from './writer.ts'

export interface RepliesOptions {
  readonly rooms: Pick<Rooms, 'entry' | 'room'>
  readonly agents: Agents
  readonly home: string
  /** The client of a service's portal: `llm`, or what an agent's file names. The same one each time; its owner closes it. */
  readonly portal: (service: string) => PortalClient
  /** What was sent to the rooms. */
  readonly uploads: RoomFiles
  readonly log: (line: string) => void
  readonly clock?: Clock
  /** For how long a core that is gone is waited for. */
  readonly comebackMs?: number
}

/** Answers of one room: who posts faster than they come gets no more of them. */
const mostInLine = 50
/** Who is going to answer, and the id of the reply. */
export interface Answering {
  readonly agent: string
  readonly reply: string
}

/** A core that was killed is started again, and takes its work up. */
const comebackMs = 15_000

/** The answers of a home's agents: who answers, one after the other in each room, and what comes of it. */
export class Replies {
  /** Ms between two deltas of one reply, for the readers' sake; by the room's id. */
  pause: (room: string) => number = () => 25
  readonly #options: RepliesOptions
  readonly #folder: string
  readonly #clock: Clock
  readonly #lines = new Map<string, RoomLine>()
  readonly #writer: Writer
  /** When agents that have to rest last spoke: `<room>\n<agent>`. */
  readonly #spoke = new Map<string, number>()
  #closing = false

  constructor(options: RepliesOptions) {
    this.#options = options
    this.#folder = join(options.home, 'rooms', '.live')
    this.#clock = options.clock ?? realClock
    this.#writer = new Writer({ ...options, comebackMs: options.comebackMs ?? comebackMs })
  }

  /** Before anybody may post: what a killed backend left in `rooms/.live/` becomes messages, marked as interrupted. */
  async recover(): Promise<void> {
    await recoverReplies(this.#folder, this.#options)
  }

  /** After `room.post` of a person's message: whoever is to answer it gets in line. Resolves with these. */
  async posted(room: Room, message: Message): Promise<Answering[]> {
    if (this.#closing) return []
    const line = this.#lineOf(room)
    return (await line.decide(() => this.#invite(line, message, { spent: 0 }))) ?? []
  }

  /** An answer without a message. The id of the reply. Throws ProblemErrors `no_such_agent`, `no_agent`, `room_archived`. */
  async poke(room: Room, agent?: string): Promise<string> {
    this.#mustBeOpen(room)
    const present = this.#seats(room).map(({ name }) => name)
    const tail = await room.list({ limit: tailLength })
    const authors = tail.map(({ author }) => author)
    const name =
      agent === undefined
        ? whoIsPoked(present, authors)
        : present.find(name => nameKey(name) === nameKey(agent))
    if (name === undefined)
      throw new ProblemError(agent === undefined ? agentProblems.noAgent() : agentProblems.notInRoom(agent))
    return this.#add(room, { agent: name, to: undefined, chain: { spent: 0 }, replaces: undefined })
  }

  /**
   * The last message, an agent's, anew; it goes when the new one is there. The id of the reply. Throws ProblemErrors `conflict`,
   * `no_such_agent`, `room_archived`.
   */
  async regenerate(room: Room, hash: string): Promise<string> {
    this.#mustBeOpen(room)
    const tail = await room.list({ limit: tailLength })
    const last = tail.at(-1)
    const agent = this.#options.agents.get(last?.author ?? '')
    if (agent === undefined || last?.hash !== hash) throw new ProblemError(agentProblems.notLastReply())
    if (!this.#seats(room).some(({ name }) => name === agent.name))
      throw new ProblemError(agentProblems.notInRoom(agent.name))
    const { id, author } = last
    if (this.#lines.get(room.id)?.replies.some(({ plan }) => plan.replaces?.id === id) === true)
      throw new ProblemError(agentProblems.againAlready(agent.name))
    const to = tail
      .slice(0, -1)
      .findLast(({ author }) => author === null || nameKey(author) !== nameKey(agent.name))
    return this.#add(room, { agent: agent.name, to, chain: { spent: 0 }, replaces: { id, hash, author } })
  }

  /** What came is kept. False: there is no such reply in that room, or it has ended. */
  stop(room: string, id: string): boolean {
    const line = this.#lines.get(room)
    const reply = line?.replies.find(({ plan, isEnded }) => plan.id === id && !isEnded)
    if (line === undefined || reply === undefined) return false
    this.#endEarly(line, reply, 'stopped')
    return true
  }

  /** Those that wait or are being written, in their order. */
  live(room: string): LiveReply[] {
    return (this.#lines.get(room)?.replies ?? []).filter(({ isEnded }) => !isEnded).map(({ live }) => live)
  }

  /** Stops all replies of a room, and resolves when what came is kept: before it is archived. */
  async leave(room: string): Promise<void> {
    const line = this.#lines.get(room)
    if (line === undefined) return
    line.close()
    for (const reply of line.replies.toReversed()) this.#endEarly(line, reply, 'stopped')
    await line.idle
  }

  /** What is being written is kept, marked as interrupted; what waits is dropped. Gives up when the signal aborts; `recover` has the rest. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closing = true
    const lines = [...this.#lines.values()]
    for (const line of lines) {
      line.close()
      for (const reply of line.replies.toReversed()) this.#endEarly(line, reply, 'closing')
    }
    const { promise: late, resolve } = Promise.withResolvers<void>()
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
    await Promise.race([Promise.all(lines.map(({ idle }) => idle)), late])
  }

  #lineOf(room: Room): RoomLine {
    const known = this.#lines.get(room.id)
    // One of a room that has gone may still be ending under the name.
    if (known?.room === room) return known
    let id = room.id
    const line = new RoomLine(room, {
      clock: this.#clock,
      write: reply => this.#write(line, reply),
      withdraw: reply => this.#endEarly(line, reply, 'withdrawn'),
      renamed: to => {
        forget()
        id = to
        this.#lines.set(id, line)
      },
      idle: () => forget(),
      onFault: error => this.#options.log(agentNotes.trouble(id, error)),
    })
    const forget = (): void => {
      if (this.#lines.get(id) === line) this.#lines.delete(id)
    }
    this.#lines.set(id, line)
    return line
  }

  /** Asks those who are to answer a message. */
  async #invite(line: RoomLine, message: Message, chain: ReplyPlan['chain']): Promise<Answering[]> {
    const { room } = line
    const entry = this.#options.rooms.entry(room.id)
    const agents = this.#seats(room)
    if (entry === undefined || agents.length === 0) return []
    const tail = await room.list({ before: message.id, limit: tailLength })
    if (line.isClosing) return []
    const isHere = (name: string): boolean => agents.some(agent => nameKey(agent.name) === nameKey(name))
    const people = [...entry.members.keys(), ...(entry.owner === null ? [] : [entry.owner])]
    const names = whoAnswers({
      agents,
      // An agent that has left the room is no person.
      tail: tail.map(({ author }) =>
        author !== null && !isHere(author) && this.#options.agents.get(author) !== undefined ? null : author,
      ),
      message,
      people,
      spent: chain.spent,
      now: this.#clock.now(),
    })
    if (message.author !== null && isHere(message.author)) chain.spent += names.length
    return names.map(agent => ({
      agent,
      reply: this.#add(room, { agent, to: message, chain, replaces: undefined }),
    }))
  }

  #add(room: Room, plan: Omit<ReplyPlan, 'id' | 'to'> & { to: Message | undefined }): string {
    const line = this.#lineOf(room)
    const { to } = plan
    const reply = new Reply(
      { ...plan, id: newId(), to: to === undefined ? undefined : { id: to.id, hash: to.hash } },
      {
        room,
        pause: () => this.pause(room.id),
        onFault: error => this.#options.log(agentNotes.trouble(room.id, error)),
      },
    )
    reply.say({ type: 'reply.started', reply: reply.plan.id, agent: plan.agent })
    if (this.#closing) this.#endEarly(line, reply, 'closing')
    else if (line.replies.length >= mostInLine) this.#fail(room, reply, apiProblem(agentProblems.tooMany()))
    else line.add(reply)
    return reply.plan.id
  }

  /** One that is being written ends by itself soon. */
  #endEarly(line: RoomLine, reply: Reply, reason: EndReason): void {
    if (!reply.isInLine) return reply.end(reason)
    line.drop(reply)
    reply.close()
    reply.say({
      type: 'reply.ended',
      reply: reply.plan.id,
      how: reason === 'closing' ? 'interrupted' : 'stopped',
    })
  }

  async #write(line: RoomLine, reply: Reply): Promise<void> {
    const { room } = line
    const { plan } = reply
    // Not in the middle of somebody's save.
    await line.isSettled()
    if (reply.isEnded) return
    const agent = this.#options.agents.get(plan.agent)
    // It was taken out of the room, or its file was, while it waited.
    if (agent === undefined || !this.#seats(room).some(({ name }) => name === agent.name)) {
      return this.#endEarly(line, reply, 'stopped')
    }
    let end: End
    try {
      const portal = agent.portal ?? 'llm'
      reply.begin(this.#folder, { portal, job: plan.id, started: this.#clock.now() })
      end = await this.#writer.write(reply, agent, line)
      await line.isSettled()
      if (reply.signal.reason === 'withdrawn') end = { how: 'withdrawn', text: end.text }
    } catch (error) {
      this.#options.log(agentNotes.trouble(room.id, error))
      end = { how: 'failed', text: reply.live.text, problem: apiProblem(agentProblems.broken(plan.agent)) }
    }
    await this.#finish(line, reply, end)
  }

  /** What came is in the room before its end is told. */
  async #finish(line: RoomLine, reply: Reply, end: End): Promise<void> {
    reply.close()
    const { room } = line
    const { id, agent, to, chain } = reply.plan
    const { message, problem } = await keep(room, reply, { end, log: this.#options.log })
    if (problem !== undefined) return this.#fail(room, reply, problem)
    reply.say({ type: 'reply.ended', reply: id, how: toldAs[end.how] })
    if (message === undefined || end.how !== 'done') return
    const said = message
    if (to !== undefined) line.answers.set(said.id, to.id)
    if ((this.#options.agents.get(agent)?.cooldown ?? 0) > 0)
      this.#spoke.set(`${room.id}\n${nameKey(agent)}`, this.#clock.now())
    void line.decide(() => this.#invite(line, said, chain))
  }

  #fail(room: Room, { plan: { id, agent } }: Reply, problem: ApiProblem): void {
    this.#options.log(agentNotes.failed(agent, room.id, problem.code, problem.title))
    room.publish({ type: 'reply.ended', reply: id, how: 'failed', problem })
  }

  #mustBeOpen({ id }: Room): void {
    if (this.#options.rooms.entry(id)?.archived === true) throw new ProblemError(roomProblems.archived(id))
  }

  /** The agents of a room that there are, in its order; none of one that is archived. */
  #seats(room: Room): Seat[] {
    const entry = this.#options.rooms.entry(room.id)
    if (entry === undefined || entry.archived) return []
    return entry.agents.flatMap(name => {
      const agent = this.#options.agents.get(name)
      if (agent === undefined) return []
      const { turns, cooldown } = agent
      return { name: agent.name, turns, cooldown, spoke: this.#spoke.get(`${room.id}\n${nameKey(name)}`) }
    })
  }
}

const toldAs = {
  done: 'done',
  stopped: 'stopped',
  withdrawn: 'stopped',
  closing: 'interrupted',
  failed: 'failed',
} as const
