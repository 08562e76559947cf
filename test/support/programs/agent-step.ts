// agent-step HOME WORD: posts WORD into the room kitchen, and ends with the reply; killed before its STOP_AT-th change of the file system
import { beforeChanges } from '../../chaos/fs-changes.ts'

const [home = '', word = ''] = process.argv.slice(2)
const stopAt = Number(process.env['STOP_AT'] ?? 0)

// Only now, so that all of the rooms goes through the counting.
const { openReplies, Heard } = await import('../agent-rig.ts')
const opened = await openReplies(home)
const { rooms, replies } = opened
if (rooms.entry('kitchen') === undefined) await rooms.create('kitchen', { owner: null, agents: ['Courante'] })
const room = await rooms.room('kitchen')
const heard = new Heard(room)
room.on(event => {
  if (event.type === 'reply.delta') process.stdout.write(`shows ${heard.texts.get(event.reply)}\n`)
})

let changes = 0
if (stopAt > 0) {
  beforeChanges(() => {
    changes++
    if (changes === stopAt) process.kill(process.pid, 'SIGKILL')
  })
}
const { message } = await room.post({ author: 'al', text: word })
void replies.posted(room, message)
await heard.ends(1)
process.stdout.write('done\n')
await opened[Symbol.asyncDispose]()
