import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

/** A way to a server that can die without a word, as a network does: connections stay, nothing comes through any more. */
export async function deadNetwork(url: string): Promise<AsyncDisposable & { url: string; dead: boolean }> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const state = { dead: false }
  const server = createServer(client => {
    const far = connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [client, far],
      [far, client],
    ] as const) {
      sockets.add(from)
      from.on('data', bytes => {
        if (!state.dead) to.write(bytes)
      })
      // A reset is an end, too.
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        if (!state.dead) to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get dead() {
      return state.dead
    },
    set dead(dead) {
      state.dead = dead
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
