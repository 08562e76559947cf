// room-holder HOME: has the rooms until it is killed
import { openDatabase } from '../../../services/chat/database.ts'
import { Rooms } from '../../../services/chat/rooms/rooms.ts'

const [home = ''] = process.argv.slice(2)
await Rooms.open({ home, database: openDatabase(home), log: console.error })
console.log('open')
process.stdin.resume()
