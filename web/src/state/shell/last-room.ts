import { keep, kept } from '../keeper.ts'

const key = 'courante.room'

export function lastRoom(): string | null {
  return kept(key)
}

export function rememberRoom(id: string): void {
  keep(key, id)
}

export function forgetRoom(id: string): void {
  if (lastRoom() === id) keep(key, null)
}
