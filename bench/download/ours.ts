import { readFileSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { download } from '../../models/download.ts'

/** The download engine as a program, as `curl -o` would be called. Usage: `ours.ts URL BYTES SHA256 PATH`; prints its peak of memory. */
const [url = '', bytes = '', sha256 = '', path = ''] = process.argv.slice(2)
using got = await download(
  {
    url,
    name: 'file',
    what: 'bench',
    folder: dirname(path),
    bytes: Number(bytes),
    algorithm: 'sha256',
    digest: Buffer.from(sha256, 'hex'),
  },
  { env: {}, signal: new AbortController().signal },
)
if (got === undefined) throw new Error('nobody else should be here')
renameSync(got.path, path)
got.discard()
console.log(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
