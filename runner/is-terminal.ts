import type { Io } from '../lib/io.ts'

/** Whether there is a person who can be asked. */
export function isTerminal({ stdin, stdout }: Pick<Io, 'stdin' | 'stdout'>): boolean {
  return stdin.isTTY === true && stdout.isTTY === true
}
