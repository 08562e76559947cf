import { readdirSync, readFileSync } from 'node:fs'

/** Resident bytes of a live process. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? 0) * 1024
}

/** Processes that carry this in their environment; those of others and those that just ended are left out. */
export function processesWith(mark: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid =>
      readOrEmpty(`/proc/${pid}/environ`)
        .split('\0')
        .some(line => line.startsWith(mark)),
    )
    .map(Number)
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return ''
    throw error
  }
}
