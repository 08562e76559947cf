// syncs FOLDER: how many fsyncs of small writes 16 threads reach; says the number of one second
import { open } from 'node:fs/promises'
import { join } from 'node:path'

const [folder = ''] = process.argv.slice(2)
const until = performance.now() + 1000
const counts = await Promise.all(
  Array.from({ length: 16 }, async (_, i) => {
    await using file = await open(join(folder, `sync-${process.pid}-${i}`), 'w')
    let count = 0
    for (; performance.now() < until; count++) {
      await file.write('x', 0)
      await file.sync()
    }
    return count
  }),
)
process.stdout.write(`${counts.reduce((sum, count) => sum + count, 0)}\n`)
