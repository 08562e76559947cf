import { once } from 'node:events'
import { WebSocket } from 'ws'
import { changeSchema, type Change } from '../../services/backend/protocol.ts'
import type { Credentials } from './api-rig.ts'

export interface ChangesClient extends AsyncDisposable {
  /** All that came, in order. */
  readonly heard: Change['type'][]
  /** Waits for the next hint of that kind that nobody has waited for. */
  hint(type: Change['type']): Promise<void>
  /** Looks at once, and again after each hint of that kind, until it is there. */
  until<T>(type: Change['type'], look: () => Promise<T | undefined>): Promise<T>
  /** WebSocket's close code. */
  readonly ended: Promise<number>
}

/** A listener of `/api/changes`. */
export async function openChanges(url: string, headers: Credentials = {}): Promise<ChangesClient> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/changes`, { headers })
  const heard: Change['type'][] = []
  const fresh: Change['type'][] = []
  const waiting = new Set<() => void>()
  let isOver = false
  const wake = (): void => {
    for (const look of waiting) look()
  }
  socket.on('message', data => {
    const { type } = changeSchema.parse(JSON.parse((data as Buffer).toString('utf8')))
    heard.push(type)
    fresh.push(type)
    wake()
  })
  const ended = new Promise<number>(resolve => socket.on('close', resolve))
  void ended.then(() => {
    isOver = true
    wake()
  })
  await once(socket, 'open')
  const hint = async (type: Change['type']): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = (): void => {
      const at = fresh.indexOf(type)
      if (at !== -1) {
        fresh.splice(at, 1)
        resolve()
      } else if (isOver) reject(new Error(`ended without ${type}: ${heard.join(' ')}`))
    }
    waiting.add(look)
    look()
    await promise.finally(() => waiting.delete(look))
  }
  return {
    heard,
    hint,
    until: async (type, look) => {
      for (;;) {
        const found = await look()
        if (found !== undefined) return found
        await hint(type)
      }
    },
    ended,
    [Symbol.asyncDispose]: async () => {
      socket.terminate()
      await ended
    },
  }
}
