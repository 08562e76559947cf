// syncs FOLDER: how many fsyncs of small files 16 threads reach; says the number of one second
import { once } from 'node:events'
import { fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, Worker, workerData } from 'node:worker_threads'

const threadCount = 16
/** As long as a request or an answer. */
const bytes = Buffer.alloc(100, 'x')

// Threads that do nothing else: through Node's promises those of its pool reach half as many, and the disk is not at fault.
if (isMainThread) {
  const [folder = ''] = process.argv.slice(2)
  const shared = new Int32Array(new SharedArrayBuffer(8))
  const threads = Array.from({ length: threadCount }, (_, i) => {
    const path = join(folder, `sync-${process.pid}-${i}`)
    return new Worker(new URL(import.meta.url), { workerData: { path, shared } })
  })
  await Promise.all(threads.map(thread => once(thread, 'exit')))
  process.stdout.write(`${shared[1]}\n`)
} else {
  /** How many are ready, and the sum. */
  const { path, shared } = workerData as { path: string; shared: Int32Array }
  const file = openSync(path, 'w')
  // They begin together.
  let ready = Atomics.add(shared, 0, 1) + 1
  if (ready === threadCount) Atomics.notify(shared, 0)
  for (; ready < threadCount; ready = Atomics.load(shared, 0)) Atomics.wait(shared, 0, ready)
  const until = performance.now() + 1000
  let count = 0
  for (; performance.now() < until; count++) {
    writeSync(file, bytes, 0, bytes.length, 0)
    fsyncSync(file)
  }
  Atomics.add(shared, 1, count)
}
