import { readdirSync, renameSync, statSync, type Stats } from 'node:fs'
import { join } from 'node:path'

/**
 * How a service's log lies on disk: `<service>.log` grows, with its time index `<service>.index` beside it. Earlier
 * segments are `<service>.<start>.log` and `.index`, where `start` is the logical offset of their first byte in 15
 * digits: the names sort, and tell without their indexes what each of them holds. Services' names have no dots, so no
 * other log of the folder looks like a segment.
 */
export interface Segment {
  readonly start: number
  readonly size: number
}

/** The current file's path; with `start`, an earlier segment's. */
export function logPath(folder: string, service: string, start?: number): string {
  return join(folder, `${service}${suffix(start)}.log`)
}

export function indexPath(folder: string, service: string, start?: number): string {
  return join(folder, `${service}${suffix(start)}.index`)
}

/** The earlier segments that the folder holds, the oldest first. */
export function listSegments(folder: string, service: string): Segment[] {
  const segments: Segment[] = []
  for (const name of namesIn(folder)) {
    const [, owner, digits] = segmentName.exec(name) ?? []
    if (owner !== service) continue
    const size = statOf(join(folder, name))?.size
    if (size !== undefined) segments.push({ start: Number(digits), size })
  }
  return segments.sort((a, b) => a.start - b.start)
}

/** The services that have a log there; also those that the stack file has no more. */
export function loggedServices(folder: string): string[] {
  const names = namesIn(folder).map(name => /^([a-z][a-z0-9-]*)(?:\.\d{15})?\.index$/.exec(name)?.[1])
  return [...new Set(names.filter(name => name !== undefined))].sort()
}

/** Makes the current file and its index an earlier segment, if they are there. */
export function setAside(folder: string, service: string, start: number): void {
  if (!renameIfThere(logPath(folder, service), logPath(folder, service, start))) return
  renameIfThere(indexPath(folder, service), indexPath(folder, service, start))
}

export function renameIfThere(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return false
  }
}

export function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

/** None if there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

export const segmentName = /^([a-z][a-z0-9-]*)\.(\d{15})\.log$/

function suffix(start: number | undefined): string {
  return start === undefined ? '' : `.${String(start).padStart(15, '0')}`
}
