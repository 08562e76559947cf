import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isWrapped, leaveOut } from './border.ts'
import type { Claim } from './claim.ts'
import { leftover } from './copy-in.ts'
import type { Disk } from './disk.ts'
import { makeUserFolders, serverFolders, userFolders } from './layout.ts'
import { hasCode, isThere, makeFolder, moved, removeAside } from './moves.ts'
import { blankName, writeNew, writeOver } from './plain-files.ts'
import { type JobError, resultSchema } from './request.ts'
import type { Tombstones } from './tombstones.ts'

interface Answer {
  readonly ok: boolean
  readonly id: string
  readonly [key: string]: unknown
}

/**
 * From a result to the answer that its client finds: written into the claim, which then is complete by a rename; the tombstone,
 * which elects it; and the rename to `done` or `error`, which commits it.
 */
export class Answers {
  readonly #spool: string
  readonly #service: string
  readonly #base: string
  readonly #trash: string
  readonly #disk: Disk
  readonly #tombstones: Tombstones

  constructor(options: { spool: string; service: string; disk: Disk; tombstones: Tombstones }) {
    this.#spool = options.spool
    this.#service = options.service
    const { service, trash } = serverFolders(options.spool, options.service)
    this.#base = service
    this.#trash = trash
    this.#disk = options.disk
    this.#tombstones = options.tombstones
  }

  /** False: the lease is lost and the job is another's, who answers it. */
  succeed(claim: Claim, body: Record<string, unknown>): Promise<boolean> {
    return this.#publish(claim, { ok: true, id: claim.attempt.id, ...body })
  }

  /** False: as for `succeed`. */
  fail(claim: Claim, error: JobError): Promise<boolean> {
    return this.#publish(claim, { ok: false, id: claim.attempt.id, error })
  }

  /** Answers a job that can't be moved, in a folder of our own. */
  async turnAway(claim: Claim, error: JobError): Promise<void> {
    const { attempt, folder } = claim
    if (this.isAnswered(claim)) return
    const answer = `${folder}.answer`
    makeFolder(answer)
    const hidden = join(answer, '.result')
    writeFileSync(hidden, `${JSON.stringify({ ok: false, id: attempt.id, error })}\n`)
    renameSync(hidden, join(answer, 'result.json'))
    await this.#disk.tree(answer)
    await this.deliverRefusal(claim)
    // Where it could be moved and not be read.
    this.#discard(folder)
  }

  /** The answer that `turnAway` began, if it is whole. */
  async deliverRefusal(claim: Claim): Promise<void> {
    const { user, attempt, folder } = claim
    const answer = `${folder}.answer`
    if (!isThere(join(answer, 'result.json'))) return
    if (this.#tombstones.set(user, attempt.id, signatureOf(claim)))
      await this.#commit(answer, user, attempt.id, false)
    else this.#discard(answer)
  }

  /** Whether this attempt's own result stands. */
  isComplete(claim: Claim): boolean {
    return isThere(completed(claim))
  }

  /** Whether it is a duplicate of what has been answered. */
  isAnswered({ user, attempt }: Claim): boolean {
    return this.#tombstones.has(user, attempt.id)
  }

  /** From the rename that says that the result stands, on to the commit. */
  async deliver(claim: Claim, ok?: boolean): Promise<boolean> {
    const { id } = claim.attempt
    const from = completed(claim)
    const succeeded = ok ?? resultSchema.parse(JSON.parse(readFileSync(join(from, 'result.json'), 'utf8'))).ok
    if (!this.#tombstones.set(claim.user, id, signatureOf(claim))) {
      this.#discard(from)
      return false
    }
    return this.#commit(from, claim.user, id, succeeded)
  }

  /** The commit point: one rename. False: it is not there any more, or another answer is. */
  async #commit(from: string, user: string, id: string, ok: boolean): Promise<boolean> {
    const parent = `${this.#base}/${user}/${ok ? 'done' : 'error'}`
    const target = `${parent}/${id}`
    const committed = moved(from, target)
    await this.#disk.names(parent)
    if (committed || !isThere(from)) return committed
    if (isThere(join(target, 'result.json'))) {
      // It stays the one.
      this.#discard(from)
      return false
    }
    // Somebody removed the folder, or left something that is no answer.
    if (!isThere(parent)) makeUserFolders(userFolders(this.#spool, this.#service, user))
    else this.#discard(target)
    return this.#commit(from, user, id, ok)
  }

  async #publish(claim: Claim, answer: Answer): Promise<boolean> {
    try {
      if (claim.foreign && isWrapped(claim.folder)) leaveOut(claim.folder, this.#trash)
      writeAnswer(claim, JSON.stringify(answer))
      // What came with the request is on the disk already.
      await this.#disk.tree(claim.folder, name => leftover.test(name))
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false
      throw error
    }
    if (!moved(claim.folder, completed(claim))) return false
    return this.deliver(claim, answer.ok)
  }

  #discard(folder: string): void {
    removeAside(folder, this.#trash)
  }
}

/** Of an attempt and its claimer. */
function signatureOf({ attempt, folder }: Claim): string {
  return `${attempt.attempt} ${basename(dirname(dirname(folder)))}\n`
}

/** The claim's folder under the name that says: this very attempt has its result. A job that comes back has another. */
export function completed(claim: Claim): string {
  return `${claim.folder}.complete`
}

function writeAnswer({ folder, blank }: Claim, line: string): void {
  const path = `${folder}/result.json`
  const from = `${folder}/${blankName}`
  if (blank && writeOver(from, line)) renameSync(from, path)
  else writeNew(path, `${line}\n`)
}
