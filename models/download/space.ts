import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { ProblemError } from '../../lib/problem.ts'
import { freeSpace } from '../machine.ts'
import { messages } from '../messages.ts'

export interface Need {
  /** It may not be there yet. */
  readonly folder: string
  readonly bytes: number
}

/** Throws where a disk has too little room for what will be written there, all of it at once. */
export function checkSpace(needs: readonly Need[]): void {
  const disks = new Map<number, Need>()
  for (const { folder, bytes } of needs) {
    const device = deviceOf(folder)
    const before = disks.get(device)
    disks.set(device, { folder: before?.folder ?? folder, bytes: bytes + (before?.bytes ?? 0) })
  }
  for (const { folder, bytes } of disks.values()) {
    const free = freeSpace(folder)
    const need = bytes + marginFor(bytes)
    if (bytes > 0 && free !== undefined && free < need)
      throw new ProblemError(messages.tooLittleSpace(folder, need, free))
  }
}

/**
 * What stays free: a file takes more on the disk than its bytes, and all else on the machine goes on writing meanwhile, the
 * longer the download takes the more. 5 %, at least 64 MB, at most 1 GB.
 */
export function marginFor(bytes: number): number {
  return Math.min(1e9, Math.max(64e6, Math.ceil(bytes / 20)))
}

function deviceOf(folder: string): number {
  for (let at = folder; ; at = dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false })
    if (stat !== undefined) return stat.dev
    if (at === dirname(at)) return -1
  }
}
