import { parentPort, workerData } from 'node:worker_threads'
import { SearchIndex } from './search-index.ts'
import type { SearchAnswer, SearchJob } from './search.ts'

/** The thread of the search index: one job after the other, in the order in which they came. */
const port = parentPort
if (port === null) throw new Error('this is a worker thread of search.ts')
const index = new SearchIndex((workerData as { path: string }).path)

port.on('message', (job: SearchJob) => {
  try {
    port.postMessage({ n: job.n, result: work(job) } satisfies SearchAnswer)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    port.postMessage({
      n: job.n,
      error: message,
      rebuilt: index.isRebuiltAfter(error),
    } satisfies SearchAnswer)
  }
})

function work(job: SearchJob): unknown {
  if (job.type === 'search') return index.search(job.query)
  if (job.type === 'rooms') return index.rooms()
  if (job.type === 'put') return index.put(job.room, job.from, job.messages, job.end)
  if (job.type === 'catchUp') return index.catchUp(job.room, job.path)
  if (job.type === 'rename') return index.rename(job.room, job.to)
  if (job.type === 'forget') return index.forget(job.room)
  index.close()
  return port?.close()
}
