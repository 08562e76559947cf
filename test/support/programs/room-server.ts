// room-server HOME SOCKET: writes what its clients post into the room `kitchen`, until it is killed
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { openDatabase } from '../../../services/chat/database.ts'
import { Rooms } from '../../../services/chat/rooms/rooms.ts'

const post = z.object({ author: z.string(), text: z.string(), key: z.string() })

const [home = '', socket = ''] = process.argv.slice(2)
const rooms = await Rooms.open({ home, database: openDatabase(home), log: console.error })
if (rooms.entry('kitchen') === undefined) await rooms.create('kitchen', { owner: null })
const room = await rooms.room('kitchen')

// Of the one that was killed.
rmSync(socket, { force: true })
const server = createServer(client => void serve(client).catch(console.error)).listen(socket)
await once(server, 'listening')
console.log('listening')

async function serve(client: Socket): Promise<void> {
  // Killed writers break their pipes.
  client.on('error', () => client.destroy())
  for await (const line of createInterface({ input: client })) {
    const { key, ...rest } = post.parse(JSON.parse(line))
    await room.post({ ...rest, key })
    client.write(`${key}\n`)
  }
}
