// portal-client.ts UID submit SPOOL SERVICE USER REQUEST [FILE]: becomes that user, submits a request with our client under
// umask 077, prints `ended` and the collected result.
// portal-client.ts UID swap FOLDER SECRET: becomes that user, goes into the folder and prints `swapping`; then makes its
// `request.json` an honest file, a link to the secret, the hard link `.linked` and the pipe `.pipe` in turn, without an end.
import { renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { PortalClient } from '../../../services/portal/client.ts'

const [, , uid, mode, ...args] = process.argv
const never = new Int32Array(new SharedArrayBuffer(4))
// What had to be read of our own is read by now, wherever it lies.
process.setgroups?.([])
process.setgid?.(Number(uid))
process.setuid?.(Number(uid))
process.umask(0o077)
if (mode === 'submit') await submit()
else swap()

async function submit(): Promise<void> {
  const [spool = '', service = '', user = '', request = '', file] = args
  using client = new PortalClient({ spool, service, user })
  const files = file === undefined ? [] : [{ name: basename(file), from: file }]
  using job = await client.submit(JSON.parse(request) as Record<string, unknown>, { files })
  console.log(`ended ${JSON.stringify(await job.wait())}`)
}

function swap(): void {
  const [folder = '', secret = ''] = args
  process.chdir(folder)
  console.log('swapping')
  for (;;) {
    writeFileSync('.next', '{"kind":"honest"}')
    show('.next')
    symlinkSync(secret, '.next')
    show('.next')
    for (const name of ['.linked', '.pipe']) {
      show(name)
      renameSync('request.json', name)
    }
  }
}

function show(name: string): void {
  renameSync(name, 'request.json')
  // Each change locks the folder, and the other side wants to look into it, too.
  Atomics.wait(never, 0, 0, 0.05)
}
