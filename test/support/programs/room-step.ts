// room-step ACTION HOME: does one thing to the room alice/notes, and is killed before its STOP_AT-th change of the disk
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { beforeChanges } from '../../chaos/fs-changes.ts'

const stopAt = Number(process.env['STOP_AT'] ?? 0)
let changes = 0
let counting = false

/** SIGKILL, so that nothing can be tidied up. */
function count(what: string): boolean {
  if (!counting) return false
  changes++
  process.stderr.write(`${changes} ${what}\n`)
  return changes === stopAt
}
function step(what: string): void {
  if (count(what)) process.kill(process.pid, 'SIGKILL')
}

beforeChanges((what, path) => step(`${what} ${path}`))
const { writeSync } = fs
fs.writeSync = ((fd: number, bytes: Uint8Array, offset?: number) => {
  const from = offset ?? 0
  step('write')
  // And once more in the middle of it.
  if (count('half a write')) {
    writeSync(fd, bytes, from, (bytes.length - from) >> 1)
    process.kill(process.pid, 'SIGKILL')
  }
  return writeSync(fd, bytes, from)
}) as typeof fs.writeSync
syncBuiltinESMExports()
for (const [prototype, name] of [
  [DatabaseSync.prototype, 'exec'],
  [StatementSync.prototype, 'run'],
] as const) {
  const api = prototype as unknown as Record<string, (...args: unknown[]) => unknown>
  const real = api[name]
  api[name] = function (this: unknown, ...args) {
    step(`${name} ${name === 'exec' ? String(args[0]) : ''}`)
    return real?.apply(this, args)
  }
}

// Only now, so that everything goes through the counting.
const { openDatabase } = await import('../../../services/chat/database.ts')
const { Rooms } = await import('../../../services/chat/rooms/rooms.ts')

const [action, home = ''] = process.argv.slice(2)
const rooms = await Rooms.open({ home, database: openDatabase(home), log: console.error })
const room = await rooms.room('alice/notes')
const [first] = await room.list({ limit: 1, before: 1 })
counting = true
if (action === 'post') await room.post({ author: 'bob', text: 'two\nlines', key: 'k' })
else if (action === 'edit') await room.edit(0, first?.hash ?? '', 'edited')
else if (action === 'clear') await room.clear()
else if (action === 'rename') await rooms.rename('alice/notes', 'alice/diary')
else if (action === 'remove') await rooms.remove('alice/notes')
else if (action === 'create') await rooms.create('alice/new', { owner: 'alice' })
counting = false
console.log('done')
await rooms.close()
