import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { ProblemError } from '../../../lib/problem.ts'
import { userProblems as problems } from '../messages.ts'

const derive = promisify(argon2)
/** OWASP's for argon2id: 19 MiB, two passes, one lane. Raise them here; hashes of before are made anew at the next login. */
const current = { memory: 19_456, passes: 2, parallelism: 1 }
const least = 8
const mostBytes = 1000
/** Each takes 19 MiB and a thread of libuv's four, which the files need as well. */
const atOnce = 2
/** Beyond it nobody would wait for their turn. */
const mostWaiting = 64

/** Throws a ProblemError for a password that can't be one. */
export function checkPassword(password: string): void {
  if (Array.from(password.normalize('NFC')).length < least)
    throw new ProblemError(problems.passwordShort(least))
  if (bytesOf(password).length > mostBytes) throw new ProblemError(problems.passwordLong(mostBytes))
}

/** Hashes passwords, two at once; all others wait, and of a flood most are refused with the problem `busy`. */
export class PasswordHasher {
  /** How many were derived: what one who watches the time could see. */
  derived = 0
  readonly #parameters: typeof current
  #running = 0
  readonly #waiting: (() => void)[] = []
  readonly #nobodys: Promise<string>

  constructor(parameters: typeof current = current) {
    this.#parameters = parameters
    // With a hash of its own kind, so that an unknown name costs exactly what a known one does.
    this.#nobodys = Promise.resolve(phc(parameters, randomBytes(16), randomBytes(32)))
  }

  /** A PHC string. Throws for what `checkPassword` refuses. */
  async hash(password: string): Promise<string> {
    checkPassword(password)
    const salt = randomBytes(16)
    return phc(this.#parameters, salt, await this.#derive(password, salt, this.#parameters, 32))
  }

  /** `stored` undefined: nobody's password, which costs the same and is never right. */
  async verify(password: string, stored: string | undefined): Promise<'right' | 'outdated' | 'wrong'> {
    const { parameters, salt, hash } = parsePhc(stored ?? (await this.#nobodys))
    // Hashing takes long for long texts; nobody has such a password.
    const tooLong = bytesOf(password).length > mostBytes
    const derived = await this.#derive(tooLong ? '' : password, salt, parameters, hash.length)
    if (!timingSafeEqual(derived, hash) || stored === undefined || tooLong) return 'wrong'
    const { memory, passes, parallelism } = this.#parameters
    const same =
      parameters.memory === memory &&
      parameters.passes === passes &&
      parameters.parallelism === parallelism &&
      hash.length === 32
    return same ? 'right' : 'outdated'
  }

  async #derive(
    password: string,
    salt: Buffer,
    parameters: typeof current,
    tagLength: number,
  ): Promise<Buffer> {
    if (this.#running >= atOnce) {
      if (this.#waiting.length >= mostWaiting) throw new ProblemError(problems.busy())
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    } else this.#running++
    try {
      this.derived++
      return await derive('argon2id', { message: bytesOf(password), nonce: salt, tagLength, ...parameters })
    } finally {
      const next = this.#waiting.shift()
      // The turn goes over to the next without being free in between.
      if (next === undefined) this.#running--
      else next()
    }
  }
}

/** The same password typed on another keyboard may come in other code points. */
function bytesOf(password: string): Buffer {
  return Buffer.from(password.normalize('NFC'))
}

function phc({ memory, passes, parallelism }: typeof current, salt: Buffer, hash: Buffer): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`
}

function parsePhc(text: string): { parameters: typeof current; salt: Buffer; hash: Buffer } {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(text)
  const [, memory, passes, parallelism, salt = '', hash = ''] = match ?? []
  if (match === null) throw new Error('state.db holds a password hash of another kind')
  return {
    parameters: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
