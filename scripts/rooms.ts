// rooms [ls|new|rename|archive|restore|rm|agents|share|export|import|search] [WORD…] [--agent NAME]… [--all] [--json] [--home DIR]: the rooms: list, make, share, search
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { exit } from '../lib/exit.ts'
import { type Io, runMain } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { type RoomInfo, roomSchema } from '../services/chat/protocol.ts'
import { Backend, roomPath } from './chat/backend.ts'
import { chatNotes as notes, chatProblems as problems } from './shared/chat-messages.ts'
import { readStdin, readTextFile } from './shared/read-text.ts'
import { homeOf, parseOptions, script } from './shared/script.ts'
import { visible } from './shared/visible.ts'

interface Call {
  readonly backend: Backend
  readonly io: Io
  readonly json: boolean
  readonly all: boolean
  readonly agents: readonly string[] | undefined
}

export const run = script(import.meta.filename, async (argv, io) => {
  const { positionals, values } = parseOptions(
    {
      args: argv,
      options: {
        all: { type: 'boolean', default: false },
        agent: { type: 'string', multiple: true },
        json: { type: 'boolean', default: false },
        home: { type: 'string' },
      },
      allowPositionals: true,
    },
    problems.roomsUsage,
  )
  const [name = 'ls', ...words] = positionals
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) throw new ProblemError(problems.roomsUsage(`there is no "${name}"`))
  const backend = await Backend.open(homeOf(values.home, io), io)
  await command(words, { backend, io, json: values.json, all: values.all, agents: values.agent })
  return exit.ok
})

type Command = (words: readonly string[], call: Call) => Promise<void>

const commands: Readonly<Record<string, Command>> = {
  ls: async (words, { backend, io, json, all }) => {
    takes(words, 0)
    const { rooms } = await backend.ask('GET', `/rooms${all ? '?archived=true' : ''}`, roomsSchema)
    if (json) io.stdout.write(`${JSON.stringify(rooms)}\n`)
    else for (const line of table(rooms)) io.stdout.write(`${line}\n`)
  },
  new: async (words, { backend, agents }) => {
    const [id] = takes(words, 1)
    await backend.tell('POST', '/rooms', { id, ...(agents === undefined ? {} : { agents }) })
  },
  rename: async (words, { backend }) => {
    const [id = '', to] = takes(words, 2)
    await backend.tell('PATCH', roomPath(id), { id: to })
  },
  archive: async (words, { backend }) => {
    const [id = ''] = takes(words, 1)
    await backend.tell('PATCH', roomPath(id), { archived: true })
  },
  restore: async (words, { backend }) => {
    const [id = ''] = takes(words, 1)
    await backend.tell('PATCH', roomPath(id), { archived: false })
  },
  rm: async (words, { backend, io }) => {
    const [id = ''] = takes(words, 1)
    await backend.tell('DELETE', roomPath(id))
    io.stdout.write(`${notes.removed(id)}\n`)
  },
  agents: async ([id, ...names], { backend, io }) => {
    const [room = ''] = takes(id === undefined ? [] : [id], 1)
    if (names.length > 0) {
      const agents = names.length === 1 && names[0] === 'none' ? [] : names
      await backend.tell('PATCH', roomPath(room), { agents })
    }
    const { agents } = await backend.ask('GET', roomPath(room), roomSchema)
    for (const agent of agents) io.stdout.write(`${agent}\n`)
  },
  share: async ([id, ...shares], { backend, io }) => {
    const [room = ''] = takes(id === undefined ? [] : [id], 1)
    const before = await backend.ask('GET', roomPath(room), membersSchema)
    const members = new Map<string, string>(before.members.map(({ name, role }) => [name, role]))
    for (const share of shares) {
      const [user = '', role = 'writer'] = share.split('=')
      if (role === 'none') members.delete(user)
      else members.set(user, role)
    }
    if (shares.length > 0) {
      await backend.tell('PATCH', roomPath(room), { members: Object.fromEntries(members) })
    }
    for (const [user, role] of members) io.stdout.write(`${user} ${role}\n`)
  },
  export: async (words, { backend, io }) => {
    const [id = ''] = takes(words, 1)
    const { body } = await backend.fetch('GET', `${roomPath(id)}/export`)
    if (body !== null) await pipeline(body, io.stdout, { end: false })
  },
  import: async ([id, ...files], { backend, io }) => {
    const [room = ''] = takes(id === undefined ? [] : [id], 1)
    const [file] = files
    const text =
      file === undefined ? await readStdin(io) : await readTextFile(resolve(io.cwd, file), file, io.signal)
    await backend.tell('POST', `/rooms/import?id=${encodeURIComponent(room)}`, text)
  },
  search: async (words, { backend, io, json }) => {
    if (words.length === 0) throw new ProblemError(problems.roomsUsage('what is to be found?'))
    const query = encodeURIComponent(words.join(' '))
    const { found } = await backend.ask('GET', `/search?q=${query}`, foundSchema)
    if (json) io.stdout.write(`${JSON.stringify(found)}\n`)
    else if (found.length === 0) throw new ProblemError(problems.nothingFound(words.join(' ')))
    else for (const hit of found) io.stdout.write(`${marked(notes.hit(hit), io)}\n`)
  },
}

const roomsSchema = z.object({ rooms: z.array(roomSchema) })
const membersSchema = z.object({ members: z.array(z.object({ name: z.string(), role: z.string() })) })
const foundSchema = z.object({
  found: z.array(
    z.object({ room: z.string(), id: z.number(), author: z.string().nullable(), snippet: z.string() }),
  ),
})

function takes(words: readonly string[], count: number): readonly string[] {
  if (words.length === count) return words
  throw new ProblemError(
    problems.roomsUsage(words.length < count ? 'a name is missing' : `"${words[count]}" is too much`),
  )
}

/** What was found stands out on a terminal. */
function marked(line: string, { stdout, env }: Io): string {
  const isBold = stdout.isTTY === true && (env['NO_COLOR'] ?? '') === ''
  return line
    .split(/([\u0002\u0003])/)
    .map(part => (part === '\u0002' ? '\u001B[1m' : part === '\u0003' ? '\u001B[22m' : visible(part)))
    .filter(part => isBold || !part.startsWith('\u001B'))
    .join('')
}

function table(rooms: readonly RoomInfo[]): string[] {
  const width = Math.max(0, ...rooms.map(({ id }) => id.length))
  return rooms.map(room => `${room.id.padEnd(width)}  ${notes.room(room)}`)
}

if (import.meta.main) await runMain(run)
