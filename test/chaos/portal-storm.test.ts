import assert from 'node:assert/strict'
import { appendFile, mkdir, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../support/temp.ts'
import { readAnswer, hashOf, turned } from './portal-storm-answer.ts'
import { StormLedger } from './portal-storm-ledger.ts'
import { attachmentsOf, fateOf, numberOf, requestOf } from './portal-storm-plan.ts'
import { storm } from './portal-storm.ts'

const seed = Number(process.env['COURANTE_CHAOS_SEED'] ?? 6)

test(`clients and claimers are killed and stopped: nothing lost, doubled or bent (seed ${seed})`, async () => {
  const { verdict, evidence, excess, faults, kills, stops } = await storm({ requests: 400, kills: 25, seed })
  const { gaveUp, ...wrong } = verdict
  assert.deepEqual({ ...wrong, evidence }, { lost: [], duplicated: [], corrupt: [], evidence: [] })
  // One that was stopped and its successor may each be at work on one of two submissions of an id; there is one answer still.
  assert.ok(excess.faults.length <= stops, excess.faults.join('\n'))
  assert.deepEqual(faults, [])
  assert.ok(kills.client >= 5 && kills.claimer >= 5, JSON.stringify(kills))
  // Each was in work when claimers were killed or stopped three times.
  assert.ok(gaveUp.length <= ((kills.claimer + stops) * 4) / 3, `${gaveUp.length} given up`)
})

test('the plan of kills is that of its seed', () => {
  const plan = (from: number) =>
    Array.from({ length: 200 }, (_, life) => [
      fateOf(from, 'client', life, 50),
      fateOf(from, 'claimer', life, 50),
    ])
  assert.deepEqual(plan(1), plan(1))
  assert.notDeepEqual(plan(1), plan(2))
  for (const type of ['kill', 'change', 'stop'])
    assert.ok(
      plan(1)
        .flat()
        .some(fate => fate.type === type),
      type,
    )
})

test('what a killed client was writing down is no line of its ledger, and those behind it are whole', async () => {
  await using dir = await tempDir()
  const path = join(dir.path, 'ledger')
  const first = new StormLedger(path)
  first.submitting(1)
  first.accepted(1)
  await appendFile(path, 'c 1 {"ok":tr')
  const second = new StormLedger(path)
  assert.deepEqual([...second.entries], [[1, { accepted: true, answers: [] }]])
  second.collected(1, { ok: true, id: 'a', folder: '1:1' })
  assert.deepEqual(new StormLedger(path).entries, second.entries)
})

test('an answer whose files are missing, cut, changed or of another request is found', async () => {
  await using dir = await tempDir()
  const attachments = attachmentsOf(1)
  const requests = Array.from({ length: 1000 }, (_, number) => requestOf(1, 0, number))
  const request = requests.find(({ attachment, lines }) => (attachment ?? 0) > 2 && lines > 0)!
  assert.equal(requests[numberOf(request.id)], request)
  const sent = attachments[request.attachment!]!
  const lines = [0, 1, 2].map(line => `${JSON.stringify({ attempt: 2, line })}\n`).join('')
  const result = { ok: true, id: request.id, square: request.value ** 2, attempt: 2, hash: hashOf(sent) }
  const folder = join(dir.path, request.id)
  const file = join(folder, 'out-2/turned.bin')
  /** What is said of a good answer after `spoil`. */
  const bent = async (spoil: () => Promise<void>): Promise<string | undefined> => {
    await mkdir(join(folder, 'out-2'), { recursive: true })
    await writeFile(join(folder, 'result.json'), JSON.stringify(result))
    await writeFile(join(folder, 'stream.ndjson'), lines)
    await writeFile(file, turned(sent))
    await spoil()
    return (await readAnswer(folder, request, attachments))?.bent
  }
  const says = (body: object) => () =>
    writeFile(join(folder, 'result.json'), JSON.stringify({ ...result, ...body }))
  assert.equal(await readAnswer(folder, request, attachments), undefined)
  assert.equal(await bent(() => Promise.resolve()), undefined)
  assert.match((await bent(() => unlink(file))) ?? '', /ENOENT/)
  assert.match((await bent(() => truncate(file, 1000))) ?? '', /1000 other bytes/)
  assert.match((await bent(() => writeFile(file, sent))) ?? '', /other bytes/)
  assert.match((await bent(says({ hash: 'x' }))) ?? '', /hash/)
  assert.match((await bent(says({ attempt: 1 }))) ?? '', /out-1/)
  assert.match((await bent(says({ id: 'other' }))) ?? '', /answers other/)
  assert.match((await bent(() => truncate(join(folder, 'result.json'), 20))) ?? '', /result.json/)
  assert.match((await bent(() => writeFile(join(folder, 'stream.ndjson'), lines.slice(24)))) ?? '', /stream/)
})
