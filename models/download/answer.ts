import { ProblemError } from '../../lib/problem.ts'
import { messages } from '../messages.ts'
import { FailureError } from './failure.ts'
import type { Head } from './get.ts'
import type { Range } from './pieces.ts'

/** What is here does not belong together with what the server has now, or the server gives no parts after all. */
export class StartOver extends Error {}

/** What a server says before the first byte, held against what was asked for and agreed. */
export class Answer {
  /** All of the file, from its start: parts were not asked for, are not known there, or the file has changed. */
  readonly isWhole: boolean
  /** For If-Range, which takes no weak ETags. */
  readonly validator: string | undefined
  readonly #head: Head
  readonly #wanted: { readonly what: string; readonly bytes: number }

  constructor(head: Head, wanted: { readonly what: string; readonly bytes: number }) {
    const { status, headers } = head
    this.#head = head
    this.#wanted = wanted
    this.isWhole = status === 200
    const etag = headers['etag']
    this.validator = etag !== undefined && etag.startsWith('"') ? etag : headers['last-modified']
    if (status === 416) this.#checkSize(/^bytes \*\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1])
    if (status === 416) throw new StartOver()
    if (status !== 200 && status !== 206) {
      const retryAfter = headers['retry-after']
      throw new FailureError({ type: 'status', status, ...(retryAfter === undefined ? {} : { retryAfter }) })
    }
    const coding = headers['content-encoding'] ?? 'identity'
    if (coding !== 'identity')
      throw new ProblemError(messages.refused(wanted.what, `content-encoding ${coding}`))
    if (this.isWhole) this.#checkSize(headers['content-length'])
  }

  /** Before its first byte. */
  checkPart({ start, end }: Range, validator: string | undefined): void {
    const [, from, to, total] =
      /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(this.#head.headers['content-range'] ?? '') ?? []
    if (total !== '*') this.#checkSize(total)
    // Less than asked is allowed, other than asked is not: then parts of this server are not to be trusted.
    if (Number(from) !== start || !(Number(to) < end)) throw new StartOver()
    if (validator !== undefined && this.validator !== undefined && validator !== this.validator)
      throw new StartOver()
  }

  /** Not one byte more than agreed reaches the disk. */
  checkLength(more: number, missing: number): void {
    if (more <= missing) return
    if (!this.isWhole) throw new FailureError({ type: 'cut_short' })
    const { what, bytes } = this.#wanted
    throw new ProblemError(messages.integrityMismatch(what, `${bytes} bytes`, 'more'))
  }

  #checkSize(text: string | undefined): void {
    const { what, bytes } = this.#wanted
    if (text !== undefined && Number(text) !== bytes)
      throw new ProblemError(messages.sizeDiffers(what, bytes, Number(text)))
  }
}
