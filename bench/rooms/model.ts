// model HOME TOKENS PER_SECOND: a language model that says what time it is, so many times, so often
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { identify } from '../../lib/process-identity.ts'
import { llmRequestSchema, type LlmRequest } from '../../services/portal/llm-request.ts'
import { PortalWorker } from '../../services/portal/worker.ts'
import { now } from './program.ts'
import { token } from './token.ts'

const [home = '', tokens = '600', perSecond = '20'] = process.argv.slice(2)
await mkdir(join(home, 'run'), { recursive: true })
await writeFile(join(home, 'run/core.json'), JSON.stringify({ ...identify(process.pid), models: [] }))
const worker = new PortalWorker<LlmRequest>({
  spool: join(home, 'portals'),
  service: 'llm',
  schema: llmRequestSchema,
  concurrency: 1,
  handle: async job => {
    let text = ''
    const began = now()
    for (let n = 0; n < Number(tokens); n++) {
      // By the clock, so that a late timer doesn't slow the model down.
      const left = began + (n * 1000) / Number(perSecond) - now()
      if (left > 0) await new Promise(resolve => setTimeout(resolve, left))
      const said = token(now())
      text += said
      await job.emit({ type: 'text', text: said })
    }
    const usage = { promptTokens: 10, cachedTokens: 0, completionTokens: Number(tokens) }
    return { type: 'done', body: { model: 'clock', text, finish: 'stop', usage, timings: { total: 1 } } }
  },
  log: line => process.stderr.write(`${line}\n`),
})
await worker.start()
process.stdout.write('ready\n')
setInterval(() => undefined, 2 ** 30)
