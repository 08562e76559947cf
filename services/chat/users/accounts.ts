// Over 300 lines: every change of accounts stands here, beside its line in the audit log.
import { ProblemError } from '../../../lib/problem.ts'
import { type DatabaseSync, inTransaction } from '../database.ts'
import { userProblems as problems } from '../messages.ts'
import { AccountChanges } from './account-changes.ts'
import { Audit } from './audit.ts'
import { commandLine, firstUser, type Invitation, invitationMs, Invitations, resetMs } from './invitations.ts'
import { type Key, Keys } from './keys.ts'
import { LoginLimits } from './login-limits.ts'
import { checkPassword, PasswordHasher } from './password.ts'
import { Sessions } from './sessions.ts'
import { type User, Users } from './users.ts'
import type { Scope, UserRole } from './who.ts'

export interface AccountsOptions {
  readonly database: DatabaseSync
  /** Who speaks in rooms without being a user: the agents. */
  readonly otherNames?: () => Iterable<string>
  /** ms since 1970 */
  readonly now?: () => number
  readonly hasher?: PasswordHasher
}

/** Where a request comes from. */
export interface Caller {
  /** As the guard tells it. */
  readonly address: string
  /** What the browser says of itself. */
  readonly agent: string
}

export interface LoggedIn {
  readonly user: User
  readonly session: string
  readonly token: string
}

/**
 * All about accounts, each change with its line in the audit log. Expected failures are ProblemErrors of `userProblems`;
 * whether somebody may do this is asked elsewhere. `by`: who does it, a user's name or `(console)` for the command line.
 */
export class Accounts {
  readonly users: Users
  readonly sessions: Sessions
  readonly keys: Keys
  readonly invitations: Invitations
  readonly audit: Audit
  readonly hasher: PasswordHasher
  readonly #database: DatabaseSync
  readonly #limits: LoginLimits
  readonly #changes: AccountChanges

  constructor({ database, otherNames, now = Date.now, hasher }: AccountsOptions) {
    this.#database = database
    this.invitations = new Invitations(database, now)
    this.users = new Users(database, {
      now,
      otherNames: otherNames ?? (() => []),
      invitations: this.invitations,
    })
    this.sessions = new Sessions(database, now)
    this.keys = new Keys(database, now)
    this.audit = new Audit(database, now)
    this.hasher = hasher ?? new PasswordHasher()
    this.#limits = new LoginLimits(now)
    this.#changes = new AccountChanges(database)
  }

  /** Takes the same time for a wrong password, an unknown name, and a user who was disabled. */
  async login(name: string, password: string, caller: Caller): Promise<LoggedIn> {
    const { address } = caller
    this.#begin(address, name)
    const stored = this.users.passwordOf(name)
    const verdict = await this.#verify(password, stored, address, name)
    // Hashing took a while: the account may be another one by now.
    if (verdict === 'wrong' || stored === undefined || this.users.passwordOf(name) !== stored) {
      this.audit.write({ what: 'login.failed', about: name, address })
      throw new ProblemError(problems.wrongLogin())
    }
    this.#limits.succeeded(address, name)
    const user = this.users.get(name)
    if (verdict === 'outdated') this.users.setPassword(user.name, await this.hasher.hash(password))
    return this.#start(user, caller)
  }

  logout(user: string, session: string): void {
    this.sessions.end(user, session)
    this.audit.write({ who: user, what: 'logout' })
    this.#changed()
  }

  /** Ends all other sessions of the user. */
  async changePassword(
    name: string,
    old: string,
    next: string,
    caller: Caller,
    session: string | undefined,
  ): Promise<void> {
    checkPassword(next)
    const stored = this.users.passwordOf(name)
    if (stored === undefined) throw new ProblemError(problems.noPassword())
    this.#begin(caller.address, name)
    if ((await this.#verify(old, stored, caller.address, name)) === 'wrong')
      throw new ProblemError(problems.wrongPassword())
    this.#limits.succeeded(caller.address, name)
    this.users.setPassword(name, await this.hasher.hash(next))
    this.sessions.endAll(name, session)
    this.audit.write({ who: name, what: 'password.changed', about: name, address: caller.address })
    this.#changed()
  }

  /** What a one-time link is good for, and the name that it will have. Throws for one that is used or over. */
  look(token: string, address: string): Invitation {
    this.#begin(address, undefined)
    const invitation = this.invitations.look(token)
    const known = this.users.find(invitation?.name ?? '')
    if (invitation === undefined || known?.disabled === true) throw new ProblemError(problems.badToken())
    // A reset of nobody, or an invitation of somebody who came in another way.
    const isOfUser = invitation.kind === 'reset' || (known !== undefined && takesOver(invitation, known))
    if (invitation.name !== null && (known !== undefined) !== isOfUser)
      throw new ProblemError(problems.badToken())
    this.#limits.withdraw(address, undefined)
    return invitation
  }

  /** Uses a one-time link up: the user has that password from now on, and is logged in. */
  async redeem(
    token: string,
    given: { name?: string | undefined; password: string },
    caller: Caller,
  ): Promise<LoggedIn> {
    const invitation = this.look(token, caller.address)
    const wanted = invitation.name ?? given.name
    if (wanted === undefined) throw new ProblemError(problems.nameNeeded())
    checkPassword(given.password)
    // Before the hash, and before the link is used up.
    if (!this.#mayTake(invitation, wanted)) this.users.checkName(wanted)
    const password = await this.hasher.hash(given.password)
    const user = inTransaction(this.#database, () => {
      if (!this.invitations.take(token)) throw new ProblemError(problems.badToken())
      if (!this.#mayTake(invitation, wanted)) {
        const made = this.users.create(wanted, invitation.role, password)
        this.audit.write({
          who: invitation.madeBy,
          what: 'user.created',
          about: made.name,
          address: caller.address,
        })
        return made
      }
      const { name } = this.users.get(wanted)
      this.users.setPassword(name, password)
      this.sessions.endAll(name)
      this.audit.write({ who: name, what: 'password.reset', about: name, address: caller.address })
      return this.users.get(name)
    })
    this.#limits.succeeded(caller.address, user.name)
    this.#changed()
    return this.#start(user, caller)
  }

  /** Whether the name is that of a user that there is, and the link good for it. */
  #mayTake(invitation: Invitation, wanted: string): boolean {
    const user = this.users.find(wanted)
    return user !== undefined && (invitation.kind === 'reset' || takesOver(invitation, user))
  }

  /** A token for the first admin's link; undefined if an admin can log in already. Makes those from before worthless. */
  firstToken(): string | undefined {
    if (this.users.hasAdmin()) return undefined
    const made = { kind: 'invitation', role: 'admin', madeBy: firstUser, lifeMs: invitationMs } as const
    return this.invitations.create(made).token
  }

  /** A link to become a user, of any name or of this one. */
  invite(by: string, role: UserRole, name?: string): { token: string; invitation: Invitation } {
    const chosen = name === undefined ? undefined : this.users.checkName(name)
    const made = this.invitations.create({
      kind: 'invitation',
      role,
      madeBy: by,
      lifeMs: invitationMs,
      ...(chosen === undefined ? {} : { name: chosen }),
    })
    this.audit.write({ who: by, what: 'invitation.created', about: chosen ?? role })
    return made
  }

  /** A link to choose a new password. The old one goes on until then. */
  reset(by: string, name: string): { token: string; invitation: Invitation } {
    const user = this.users.get(name)
    if (user.disabled) throw new ProblemError(problems.disabled(user.name))
    const { role } = user
    const made = this.invitations.create({
      kind: 'reset',
      role,
      name: user.name,
      madeBy: by,
      lifeMs: resetMs,
    })
    this.audit.write({ who: by, what: 'invitation.created', about: user.name })
    return made
  }

  removeInvitation(by: string, id: string): void {
    if (!this.invitations.remove(id)) throw new ProblemError(problems.noSuchInvitation())
    this.audit.write({ who: by, what: 'invitation.removed', about: id })
  }

  async create(by: string, name: string, role: UserRole, password: string): Promise<User> {
    this.users.checkName(name)
    const user = this.users.create(name, role, await this.hasher.hash(password))
    this.audit.write({ who: by, what: 'user.created', about: user.name })
    this.#changed()
    return user
  }

  /** What is given is changed, all of it or, with a ProblemError, what came before. */
  change(
    by: string,
    name: string,
    to: { role?: UserRole | undefined; disabled?: boolean | undefined },
  ): User {
    const user = this.users.get(name)
    if (to.role !== undefined && to.role !== user.role) {
      this.users.setRole(user.name, to.role)
      this.audit.write({ who: by, what: 'user.role', about: `${user.name} ${to.role}` })
    }
    if (to.disabled !== undefined && to.disabled !== user.disabled) {
      this.users.setDisabled(user.name, to.disabled)
      this.audit.write({ who: by, what: to.disabled ? 'user.disabled' : 'user.enabled', about: user.name })
    }
    this.#changed()
    return this.users.get(name)
  }

  remove(by: string, name: string): void {
    const user = this.users.get(name)
    this.users.remove(user.name)
    this.audit.write({ who: by, what: 'user.removed', about: user.name })
    this.#changed()
  }

  createKey(by: string, user: string, label: string, scopes: readonly Scope[]): { key: Key; token: string } {
    const made = this.keys.create(this.users.get(user).name, label, scopes)
    this.audit.write({ who: by, what: 'key.created', about: `${user} ${made.key.id} ${label}` })
    return made
  }

  removeKey(by: string, user: string, id: string): void {
    if (!this.keys.remove(user, id)) throw new ProblemError(problems.noSuchKey())
    this.audit.write({ who: by, what: 'key.removed', about: `${user} ${id}` })
    this.#changed()
  }

  endSession(user: string, id: string): void {
    if (!this.sessions.end(user, id)) throw new ProblemError(problems.noSuchSession())
    this.audit.write({ who: user, what: 'session.ended', about: id })
    this.#changed()
  }

  /**
   * Calls the listener after each change that may take a right from somebody: in this process at once, by another process
   * (the command line writes the same file) within a second.
   */
  onChange(listener: () => void): () => void {
    return this.#changes.on(listener)
  }

  /** Before the database is closed. */
  close(): void {
    this.#changes.close()
  }

  #start(user: User, caller: Caller): LoggedIn {
    const { token, id } = this.sessions.start(user.name, caller.agent)
    this.audit.write({ who: user.name, what: 'login', about: user.name, address: caller.address })
    return { user, session: id, token }
  }

  #begin(address: string, name: string | undefined): void {
    const knownFrom = name !== undefined && this.audit.knows(name, address)
    const wait = this.#limits.begin(address, name, knownFrom)
    if (wait > 0) throw new TooManyTries(Math.ceil(wait / 1000))
  }

  async #verify(
    password: string,
    stored: string | undefined,
    address: string,
    name: string,
  ): Promise<'right' | 'outdated' | 'wrong'> {
    try {
      return await this.hasher.verify(password, stored)
    } catch (error) {
      // It was not even tried.
      this.#limits.withdraw(address, name)
      throw error
    }
  }

  #changed(): void {
    // The link for the first one has stood in a log for as long as there was none.
    if (this.users.hasAdmin()) this.invitations.removeFirst()
    this.#changes.tell()
  }
}

/** By a link of this machine itself, for an admin, its user takes over what was made in single-user mode. */
function takesOver({ madeBy, role }: Invitation, { hasPassword }: User): boolean {
  return !hasPassword && role === 'admin' && (madeBy === firstUser || madeBy === commandLine)
}

export class TooManyTries extends ProblemError {
  readonly seconds: number

  constructor(seconds: number) {
    super(problems.tooManyTries(seconds))
    this.seconds = seconds
  }
}
