import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify } from '../../lib/process-identity.ts'
import { openChanges } from '../support/api-changes.ts'
import { apiRig, firstAdmin, newKey, newUser } from '../support/api-rig.ts'
import { openSocket } from '../support/api-stream.ts'

test('rooms, agents and core’s models: whoever listens hears that they have changed', async () => {
  await using rig = await apiRig()
  await using changes = await openChanges(rig.backend.address)
  await rig.must('POST', '/api/rooms', { body: { id: 'kitchen', agents: [] } })
  await changes.hint('rooms')
  await rig.must('PUT', '/api/agents/Extra', { body: { turns: 'manual' } })
  await changes.hint('agents')
  await rig.must('POST', '/api/rooms/kitchen/messages', { body: { text: 'hello' } })
  await changes.hint('rooms')
  const { present } = await rig.must('GET', '/api/rooms/kitchen')
  assert.deepEqual(present, [])
  await using reader = await openSocket(rig.backend.address, '/api/rooms/kitchen/stream')
  await reader.saw(({ type }) => type === 'hello')
  await changes.until('rooms', async () => {
    const { present } = await rig.must('GET', '/api/rooms/kitchen')
    return (present as string[]).length === 1 ? true : undefined
  })
  await mkdir(join(rig.home, 'run'), { recursive: true })
  await writeFile(join(rig.home, 'run/core.json'), JSON.stringify({ ...identify(process.pid), models: [] }))
  await changes.until('models', async () => {
    const { core } = await rig.must('GET', '/api/models')
    return core === 'running' ? true : undefined
  })
})

test('a burst is a few hints, and the last of them comes after all of it', async () => {
  await using rig = await apiRig()
  await rig.must('POST', '/api/rooms', { body: { id: 'kitchen', agents: [] } })
  await using changes = await openChanges(rig.backend.address)
  for (let n = 0; n < 60; n++)
    await rig.must('POST', '/api/rooms/kitchen/messages', { body: { text: String(n) } })
  const { bytes } = await rig.must('GET', '/api/rooms/kitchen')
  const before = changes.heard.length
  await rig.must('POST', '/api/rooms/kitchen/messages', { body: { text: 'last' } })
  await changes.until('rooms', async () => {
    const now = await rig.must('GET', '/api/rooms/kitchen')
    return Number(now['bytes']) > Number(bytes) && changes.heard.length > before ? true : undefined
  })
  await rig.must('PUT', '/api/agents/Extra', { body: { turns: 'manual' } })
  await changes.hint('agents')
  assert.ok(changes.heard.length < 20, changes.heard.join(' '))
})

test('a room that one may not read says nothing; who loses it or the account is told', async () => {
  await using rig = await apiRig({ accounts: true })
  const admin = await firstAdmin(rig)
  const ann = await newUser(rig, admin, 'ann')
  const bob = await newUser(rig, admin, 'bob')
  await rig.must('POST', '/api/rooms', { body: { id: 'ann/notes', agents: [] }, headers: ann })
  await using anns = await openChanges(rig.backend.address, ann)
  await using bobs = await openChanges(rig.backend.address, bob)
  await rig.must('POST', '/api/rooms/ann%2Fnotes/messages', { body: { text: 'mine' }, headers: ann })
  await anns.hint('rooms')
  await rig.must('PUT', '/api/agents/Extra', { body: { turns: 'manual' }, headers: admin })
  await bobs.hint('agents')
  assert.ok(!bobs.heard.includes('rooms'), bobs.heard.join(' '))
  const shared = { members: { bob: 'reader' } }
  await rig.must('PATCH', '/api/rooms/ann%2Fnotes', { body: shared, headers: ann })
  await bobs.hint('rooms')
  // What is unread is a matter between oneself and the room.
  await rig.must('PUT', '/api/rooms/ann%2Fnotes/read', { body: { offset: 1 }, headers: bob })
  await bobs.hint('rooms')
  await rig.must('DELETE', '/api/users/bob', { headers: admin })
  assert.equal(await bobs.ended, 1008)
  await anns.hint('users')
})

test('who loses a room by its new name is told', async () => {
  await using rig = await apiRig({ accounts: true })
  const admin = await firstAdmin(rig)
  const bob = await newUser(rig, admin, 'bob')
  await rig.must('POST', '/api/rooms', { body: { id: 'plans', agents: [] }, headers: admin })
  await using bobs = await openChanges(rig.backend.address, bob)
  await rig.must('PATCH', '/api/rooms/plans', { body: { id: 'root/plans' }, headers: admin })
  await bobs.hint('rooms')
  assert.deepEqual((await rig.must('GET', '/api/rooms', { headers: bob }))['rooms'], [])
})

test('models that are chosen or fetched in a terminal are told of, too', async () => {
  await using rig = await apiRig()
  await using changes = await openChanges(rig.backend.address)
  await writeFile(join(rig.home, 'models.yaml'), 'schema: 1\ndefaults:\n  llm: starter\n')
  await changes.hint('models')
  // A folder that the first download makes.
  await mkdir(join(rig.home, 'models'))
  await writeFile(join(rig.home, 'models/lock.json'), '{}')
  await changes.hint('models')
})

test('nobody, another site, a key that is not for reading are kept out; it counts as a stream', async () => {
  await using rig = await apiRig({ accounts: true, limits: { streamsPerUser: 1 } })
  const admin = await firstAdmin(rig)
  const ann = await newUser(rig, admin, 'ann')
  const { address } = rig.backend
  await assert.rejects(openChanges(address), /401/)
  await assert.rejects(openChanges(address, { ...ann, origin: 'https://evil.example' }), /403/)
  await assert.rejects(openChanges(address, await newKey(rig, ann, ['voice'])), /403/)
  {
    await using _one = await openChanges(address, ann)
    await assert.rejects(openChanges(address, ann), /429/)
  }
  await using _again = await openChanges(address, await newKey(rig, admin, ['rooms:read']))
})

test('a server that stops says goodbye, and comes back to be asked', async () => {
  await using rig = await apiRig()
  await using changes = await openChanges(rig.backend.address)
  await rig.backend.close(AbortSignal.timeout(1000))
  assert.equal(await changes.ended, 1001)
})
