import { readdirSync, readFileSync } from 'node:fs'

/** What a process has started, and what that has. Of /proc: none elsewhere than on Linux. */
export function childrenOf(pid: number): number[] {
  const children = unlessGone(() =>
    readdirSync(`/proc/${pid}/task`).flatMap(task =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1')
        .trim()
        .split(' ')
        .filter(Boolean)
        .map(Number),
    ),
  )
  return (children ?? []).flatMap(child => [child, ...childrenOf(child)])
}

/** Resident bytes of a process and of what it started; 0 where the system does not tell. Pages are 4 KiB, but on some ARM servers. */
export function residentBytes(pid: number): number {
  const pages = [pid, ...childrenOf(pid)].map(one =>
    Number(unlessGone(() => readFileSync(`/proc/${one}/statm`, 'latin1'))?.split(' ')[1] ?? 0),
  )
  return pages.reduce((sum, count) => sum + count * 4096, 0)
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}
