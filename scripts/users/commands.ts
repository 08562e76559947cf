import type { Io } from '../../lib/io.ts'
import { plain } from '../../lib/plain.ts'
import { ProblemError } from '../../lib/problem.ts'
import type { Accounts } from '../../services/chat/users/accounts.ts'
import { readBackendFacts } from '../../services/chat/users/backend-facts.ts'
import { commandLine as by } from '../../services/chat/users/invitations.ts'
import { type Scope, scopeSchema, type UserRole, userRoleSchema } from '../../services/chat/users/who.ts'
import { backendAccess } from '../shared/backend-url.ts'
import { readStdin } from '../shared/read-text.ts'
import { usersNotes as notes, usersProblems as problems } from './messages.ts'

export interface Call {
  readonly accounts: Accounts
  readonly home: string
  readonly io: Io
  readonly json: boolean
  readonly admin: boolean
  readonly passwordFromStdin: boolean
  readonly most: number
}

type Command = (words: readonly string[], call: Call) => void | Promise<void>

export const commands: Readonly<Record<string, Command>> = {
  ls: (words, { accounts, io, json }) => {
    takes(words, 0)
    const users = accounts.users.list()
    const width = Math.max(0, ...users.map(({ name }) => name.length))
    const lines = users.map(user => `${user.name.padEnd(width)}  ${notes.user(user)}`.trimEnd())
    list(io, json, users, lines)
  },
  add: async (words, call) => {
    const [name = ''] = takes(words, 1)
    const { accounts, admin, passwordFromStdin, io } = call
    if (!passwordFromStdin) return showInvitation(call, name)
    // `echo` puts a newline behind it that nobody means.
    const password = (await readStdin(io)).replace(/\r?\n$/, '')
    const user = await accounts.create(by, name, admin ? 'admin' : 'user', password)
    if (call.json) write(io, JSON.stringify(user))
  },
  invite: async (words, call) => {
    takes(words, 0)
    await showInvitation(call, undefined)
  },
  reset: async (words, call) => {
    const [name = ''] = takes(words, 1)
    const { invitation, token } = call.accounts.reset(by, name)
    await showLink(call, token, notes.chooses(invitation.name ?? name), invitation.expires)
  },
  role: (words, { accounts }) => {
    const [name = '', word = ''] = takes(words, 2)
    const role = userRoleSchema.safeParse(word)
    if (!role.success) throw new ProblemError(problems.badRole(word))
    accounts.change(by, name, { role: role.data })
  },
  disable: (words, { accounts }) => {
    const [name = ''] = takes(words, 1)
    accounts.change(by, name, { disabled: true })
  },
  enable: (words, { accounts }) => {
    const [name = ''] = takes(words, 1)
    accounts.change(by, name, { disabled: false })
  },
  rm: (words, { accounts }) => {
    const [name = ''] = takes(words, 1)
    accounts.remove(by, name)
  },
  keys: ([name, action, ...words], call) => {
    const { accounts, io, json } = call
    const user = accounts.users.get(takes(name === undefined ? [] : [name], 1)[0] ?? '').name
    if (action === 'add') return addKey(user, words, call)
    if (action === 'rm') return accounts.removeKey(by, user, takes(words, 1)[0] ?? '')
    if (action !== undefined) throw new ProblemError(problems.usage(`there is no "keys … ${action}"`))
    const keys = accounts.keys.list(user)
    list(io, json, keys, keys.map(notes.key))
  },
  links: ([action, ...words], { accounts, io, json }) => {
    if (action === 'rm') return accounts.removeInvitation(by, takes(words, 1)[0] ?? '')
    if (action !== undefined) throw new ProblemError(problems.usage(`there is no "links ${action}"`))
    const links = accounts.invitations.list()
    list(io, json, links, links.map(notes.link))
  },
  audit: (words, { accounts, io, json, most }) => {
    takes(words, 0)
    // The newest last, where a terminal ends.
    const entries = accounts.audit.list(most).toReversed()
    list(io, json, entries, entries.map(notes.audit))
  },
}

async function showInvitation(call: Call, name: string | undefined): Promise<void> {
  const role: UserRole = call.admin ? 'admin' : 'user'
  const { invitation, token } = call.accounts.invite(by, role, name)
  await showLink(call, token, notes.becomes(invitation.name, role), invitation.expires)
}

async function showLink(
  { home, io, json }: Call,
  token: string,
  what: string,
  expires: number,
): Promise<void> {
  const facts = await readBackendFacts(home)
  const origin = facts?.origins[0] ?? (await backendAccess(home, io.env)).url
  const link = `${origin}/welcome#${token}`
  if (json) return write(io, JSON.stringify({ link, expires: new Date(expires).toISOString() }))
  io.stderr.write(`${notes.goodFor(what, expires)}\n`)
  write(io, link)
  if (facts?.mode === 'local') io.stderr.write(`${notes.singleUser}\n`)
}

function addKey(user: string, [label = '', ...words]: readonly string[], call: Call): void {
  const { accounts, io, json } = call
  if (label === '' || words.length === 0)
    throw new ProblemError(problems.usage('a label and a scope are needed'))
  const scopes = words.map((word): Scope => {
    const scope = scopeSchema.safeParse(word)
    if (!scope.success) throw new ProblemError(problems.badScope(word, scopeSchema.options))
    return scope.data
  })
  const made = accounts.createKey(by, user, label, scopes)
  if (json) return write(io, JSON.stringify(made))
  io.stderr.write(`${notes.once}\n`)
  write(io, made.token)
}

function list(io: Io, json: boolean, things: unknown, lines: readonly string[]): void {
  if (json) return write(io, JSON.stringify(things))
  for (const line of lines) write(io, plain(line))
}

function write({ stdout }: Io, line: string): void {
  stdout.write(`${line}\n`)
}

function takes(words: readonly string[], count: number): readonly string[] {
  if (words.length === count) return words
  throw new ProblemError(
    problems.usage(words.length < count ? 'a name is missing' : `"${words[count]}" is too much`),
  )
}
