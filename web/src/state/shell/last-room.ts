const key = 'courante.room'

export function lastRoom(): string | null {
  return localStorage.getItem(key)
}

export function rememberRoom(id: string): void {
  localStorage.setItem(key, id)
}

export function forgetRoom(id: string): void {
  if (lastRoom() === id) localStorage.removeItem(key)
}
