import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { Answer } from './portal-check.ts'

/** How far a client had come with a request, as far as it wrote it down. */
export interface Entry {
  accepted: boolean
  readonly answers: Answer[]
}

/**
 * What one client after the other wrote about its requests, in a file that only grows: `s 7` before number 7 is
 * submitted, `a 7` when it was accepted, `c 7 {…}` when its answer was read and before it is removed.
 */
export class StormLedger {
  readonly entries = new Map<number, Entry>()
  readonly #path: string

  constructor(path: string) {
    this.#path = path
    if (!existsSync(path)) return
    const text = readFileSync(path, 'utf8')
    for (const line of text.split('\n')) this.#read(line)
    // A client was killed in its write; what it wrote is no line, and the next one would be part of it.
    if (text !== '' && !text.endsWith('\n')) appendFileSync(path, '\n')
  }

  submitting(number: number): void {
    this.#write(`s ${number}`)
  }

  accepted(number: number): void {
    this.#write(`a ${number}`)
  }

  collected(number: number, answer: Answer): void {
    this.#write(`c ${number} ${JSON.stringify(answer)}`)
  }

  #write(line: string): void {
    appendFileSync(this.#path, `${line}\n`)
    this.#read(line)
  }

  #read(line: string): void {
    const found = /^([sac]) (\d+)(?: (\{.*\}))?$/.exec(line)
    if (found === null) return
    const [, what, digits, json] = found
    const number = Number(digits)
    let entry = this.entries.get(number)
    if (entry === undefined) this.entries.set(number, (entry = { accepted: false, answers: [] }))
    if (what === 'a') entry.accepted = true
    if (what === 'c' && json !== undefined) entry.answers.push(JSON.parse(json) as Answer)
  }
}
