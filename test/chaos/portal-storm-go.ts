import { once } from 'node:events'

/**
 * A process of the storm stands by, loaded, until it gets its line of numbers on stdin; it ends when the storm has
 * ended, or with what `work` gives, if that is anything.
 */
export function onGo(work: (...numbers: number[]) => Promise<number | undefined>): void {
  process.stdin.on('end', () => process.exit(1))
  void once(process.stdin, 'data').then(async ([line]) => {
    const code = await work(...String(line).trim().split(' ').map(Number))
    if (code !== undefined) process.exit(code)
  })
}
