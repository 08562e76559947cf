// portal-storm-client FOLDER SEED REQUESTS WINDOW: waits for its line on stdin, `<slot> <change>`, then sends what its slot has to send
import { dieBeforeChange } from './portal-storm-change.ts'
import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PortalClient } from '../../services/portal/client.ts'
import { userFolders } from '../../services/portal/layout.ts'
import { ifThere } from '../../services/portal/moves.ts'
import { readAnswer } from './portal-storm-answer.ts'
import { onGo } from './portal-storm-go.ts'
import { StormLedger } from './portal-storm-ledger.ts'
import { attachmentsOf, numberOf, requestOf } from './portal-storm-plan.ts'

const [folder = '', ...numbers] = process.argv.slice(2)
const [seed = 0, requests = 0, window = 1] = numbers.map(Number)
const attachments = attachmentsOf(seed)

onGo(async (slot, change) => {
  if (change > 0) dieBeforeChange(change)
  const user = `c${slot}`
  const spool = join(folder, 'spool')
  const folders = userFolders(spool, 'storm', user)
  const ledger = new StormLedger(join(folder, `${user}.ledger`))
  using client = new PortalClient({ spool, service: 'storm', user })

  /** Writes an answer down before it goes. */
  const collect = async (number: number): Promise<boolean> => {
    const request = requestOf(seed, slot, number)
    for (const parent of [folders.done, folders.error]) {
      const answer = await readAnswer(join(parent, request.id), request, attachments)
      if (answer === undefined) continue
      ledger.collected(number, answer)
      writeSync(1, 'c')
      const gone = join(folders.prep, `${request.id}-${randomUUID()}`)
      await rename(join(parent, request.id), gone)
      await rm(gone, { recursive: true })
      writeSync(1, 'r')
      return true
    }
    return false
  }

  const serve = async (number: number): Promise<void> => {
    const { id, value, attachment, lines, resubmits } = requestOf(seed, slot, number)
    const files = attachment === undefined ? [] : [{ name: 'a.bin', from: join(folder, `a${attachment}`) }]
    const entry = ledger.entries.get(number)
    if (entry === undefined) ledger.submitting(number)
    const again = entry?.accepted !== true || resubmits
    using job = again
      ? await client.submit({ value, lines, file: files[0]?.name }, { id, files })
      : await client.job(id)
    if (again) ledger.accepted(number)
    writeSync(1, 's')
    for await (const line of job.stream()) void line
    if (!(await collect(number))) throw new Error(`${id} ended without an answer`)
  }

  // The one before died between writing an answer down and removing it; what else lies there is a second answer.
  for (const parent of [folders.done, folders.error]) {
    for (const id of (await ifThere(readdir(parent))) ?? []) {
      const number = numberOf(id)
      if (ledger.entries.get(number)?.answers.length) await collect(number)
    }
  }
  const todo = [...ledger.entries].filter(([, { answers }]) => answers.length === 0).map(([number]) => number)
  let next = Math.max(-1, ...ledger.entries.keys()) + 1
  const lane = async (): Promise<void> => {
    for (;;) {
      const number = todo.shift() ?? (next < requests ? next++ : undefined)
      if (number === undefined) return
      await serve(number)
    }
  }
  await Promise.all(Array.from({ length: window }, lane))
  return 0
})
