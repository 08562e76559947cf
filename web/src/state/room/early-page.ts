import { call, roomPath } from '../api.ts'

/** Older than that, the end of a room is asked for anew. */
const freshMs = 5000

const early = new Map<string, Promise<unknown>>()

/** Asks for the end of the room at whose address the page was opened, before anything is drawn. */
export function askEarly(room: string): void {
  const path = `${roomPath(room)}/messages?limit=100`
  const drop = (): void => void early.delete(path)
  const asked = call('GET', path)
  early.set(path, asked)
  // A refusal is met again, and told, by whoever opens the room.
  asked.catch(drop)
  setTimeout(drop, freshMs)
}

/** What was asked for so; once. */
export function takeEarly<R>(path: string): Promise<R> | undefined {
  const asked = early.get(path)
  early.delete(path)
  return asked as Promise<R> | undefined
}
