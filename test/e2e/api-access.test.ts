import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  apiRig,
  firstAdmin,
  newKey,
  newUser,
  password,
  type ApiRig,
  type Asked,
  type Credentials,
} from '../support/api-rig.ts'

const people = [
  'nobody',
  'other',
  'reader',
  'writer',
  'owner',
  'admin',
  'readKey',
  'voiceKey',
  'modelsKey',
  'adminKey',
] as const
type Person = (typeof people)[number]

/** Who gets in; everybody else must not. `readKey` and `voiceKey` are keys of the owner, `adminKey` is the admin's. */
const classes = {
  anyone: people,
  /** Whoever has an account, by whatever they have. */
  account: ['other', 'reader', 'writer', 'owner', 'admin', 'readKey', 'voiceKey', 'modelsKey', 'adminKey'],
  /** Who has logged in, and no key. */
  session: ['other', 'reader', 'writer', 'owner', 'admin'],
  /** Keys for reading, too. */
  browse: ['other', 'reader', 'writer', 'owner', 'admin', 'readKey'],
  /** Keys for speech, too. */
  voice: ['other', 'reader', 'writer', 'owner', 'admin', 'voiceKey'],
  /** Keys for the API that is OpenAI's, too. */
  models: ['other', 'reader', 'writer', 'owner', 'admin', 'modelsKey'],
  reader: ['reader', 'writer', 'owner', 'admin', 'readKey'],
  writer: ['writer', 'owner', 'admin'],
  owner: ['owner', 'admin'],
  admin: ['admin', 'adminKey'],
  /** Without keys for `admin` alone, as for what makes users or makes them more than they were: a key must not become a login. */
  adminSession: ['admin'],
} as const satisfies Record<string, readonly Person[]>

/** A room of the owner's with a message of the writer's, made for each question; `n` is a number that no other has. */
interface Place {
  readonly room: string
  readonly hash: string
  readonly file: string
  readonly url: string
  readonly n: number
}

interface Expected {
  readonly who: keyof typeof classes
  /** Another path than the route's with the room's id in it, and what is sent. */
  readonly path?: (place: Place) => string
  readonly asked?: (place: Place) => Asked
}

const room = (rest: string) => (place: Place) => `/api/rooms/${encodeURIComponent(place.room)}${rest}`
const body = (body: unknown) => () => ({ body })
const withHash = ({ hash }: Place): Asked => ({ body: { hash } })

/** A route that is missing here fails the test. */
const expected: Readonly<Record<string, Expected>> = {
  'POST /api/login': { who: 'anyone', asked: body({ name: 'x', password: 5 }) },
  'POST /api/logout': { who: 'session' },
  'GET /api/whoami': { who: 'account' },
  'POST /api/password': { who: 'session', asked: body({ old: password, password: 'short' }) },
  'GET /api/sessions': { who: 'session' },
  'DELETE /api/sessions/:session': { who: 'session', path: () => '/api/sessions/none' },
  'POST /api/redeem/look': { who: 'anyone', asked: body({ token: 5 }) },
  'POST /api/redeem': { who: 'anyone', asked: body({ token: 5 }) },
  'GET /api/keys': { who: 'session' },
  'POST /api/keys': { who: 'session', asked: body({ label: 'k', scopes: ['voice'] }) },
  'DELETE /api/keys/:key': { who: 'session', path: () => '/api/keys/none' },
  'GET /api/users': { who: 'browse' },
  'POST /api/users': { who: 'adminSession', asked: body({ name: '', password }) },
  'PATCH /api/users/:name': {
    who: 'adminSession',
    path: () => '/api/users/other',
    asked: body({ disabled: false }),
  },
  'DELETE /api/users/:name': { who: 'admin', path: () => '/api/users/none' },
  'POST /api/users/:name/reset': { who: 'adminSession', path: () => '/api/users/none/reset' },
  'GET /api/audit': { who: 'admin' },
  'GET /api/invitations': { who: 'admin' },
  'POST /api/invitations': { who: 'adminSession', asked: body({}) },
  'DELETE /api/invitations/:invitation': { who: 'admin', path: () => '/api/invitations/none' },
  'GET /api/openapi.json': { who: 'account' },
  'GET /api/rooms': { who: 'browse' },
  'POST /api/rooms': { who: 'session', asked: ({ n }) => ({ body: { id: `public ${n}` } }) },
  'POST /api/rooms/import': {
    who: 'session',
    path: ({ room }) => `/api/rooms/import?id=${encodeURIComponent(room)}`,
    asked: body(Buffer.from('Alice:\thi\n\n')),
  },
  'GET /api/rooms/:id': { who: 'reader', path: room('') },
  'PATCH /api/rooms/:id': { who: 'owner', path: room(''), asked: body({ archived: true }) },
  'DELETE /api/rooms/:id': { who: 'owner', path: room('') },
  'GET /api/rooms/:id/messages': { who: 'reader', path: room('/messages?limit=5') },
  'POST /api/rooms/:id/messages': { who: 'writer', path: room('/messages'), asked: body({ text: 'hi' }) },
  'PUT /api/rooms/:id/messages/:message': {
    who: 'writer',
    path: room('/messages/0'),
    asked: ({ hash }) => ({ body: { text: 'another', hash } }),
  },
  'POST /api/rooms/:id/undo': { who: 'writer', path: room('/undo'), asked: withHash },
  'POST /api/rooms/:id/clear': { who: 'owner', path: room('/clear') },
  'POST /api/rooms/:id/poke': { who: 'writer', path: room('/poke'), asked: body({}) },
  'POST /api/rooms/:id/regenerate': { who: 'writer', path: room('/regenerate'), asked: withHash },
  'DELETE /api/rooms/:id/replies/:reply': { who: 'writer', path: room('/replies/none') },
  'PUT /api/rooms/:id/read': { who: 'reader', path: room('/read'), asked: body({ offset: 0 }) },
  'GET /api/rooms/:id/export': { who: 'reader', path: room('/export') },
  'GET /api/rooms/:id/html': { who: 'reader', path: room('/html') },
  'GET /api/rooms/:id/stream': { who: 'reader', path: room('/stream?offset=x') },
  'GET /api/search': { who: 'browse', path: () => '/api/search?q=hello' },
  'POST /api/rooms/:id/files': {
    who: 'writer',
    path: room('/files?name=a.txt'),
    asked: body(Buffer.from('text')),
  },
  'GET /api/rooms/:id/files': { who: 'reader', path: room('/files') },
  'DELETE /api/rooms/:id/files/:file': {
    who: 'writer',
    path: place => room(`/files/${place.file}`)(place),
  },
  'GET /api/transcript': { who: 'adminSession', path: () => '/api/transcript?none' },
  'GET /files/:file/:name': { who: 'anyone', path: ({ url }) => url },
  'GET /api/models': { who: 'browse' },
  'POST /api/models/:model/load': { who: 'session', path: () => '/api/models/none/load' },
  'POST /api/models/:model/unload': { who: 'admin', path: () => '/api/models/none/unload' },
  'POST /api/models/:model/fetch': {
    who: 'admin',
    path: () => '/api/models/none/fetch',
    asked: body({ bytes: 1 }),
  },
  'DELETE /api/models/:model/fetch': { who: 'admin', path: () => '/api/models/none/fetch' },
  'PUT /api/models/defaults': { who: 'admin', asked: body({ kind: 'llm', id: 'none' }) },
  'DELETE /api/models/:model': { who: 'admin', path: () => '/api/models/none' },
  'GET /api/system': { who: 'admin' },
  'GET /api/system/logs/:service': { who: 'admin', path: () => '/api/system/logs/core?lines=x' },
  'POST /api/system/restart': { who: 'admin', asked: body({ service: 5 }) },
  'GET /v1/models': { who: 'models' },
  'GET /v1/models/:model': { who: 'models', path: () => '/v1/models/none' },
  'POST /v1/chat/completions': { who: 'models', asked: body({ messages: [] }) },
  'POST /v1/completions': { who: 'models', asked: body({ prompt: 5 }) },
  'POST /v1/embeddings': { who: 'models', asked: body({ input: 5 }) },
  'POST /v1/rerank': { who: 'models', asked: body({ query: 5 }) },
  'POST /v1/images/generations': { who: 'models', asked: body({ prompt: 5 }) },
  'POST /v1/audio/speech': { who: 'voice', asked: body({ input: 5 }) },
  'POST /v1/audio/transcriptions': { who: 'voice', asked: body({}) },
  'POST /api/speech': { who: 'voice', asked: body({ text: '' }) },
  'GET /api/agents': { who: 'browse' },
  'PUT /api/agents/:name': {
    who: 'admin',
    path: () => '/api/agents/Extra',
    asked: body({ turns: 'manual' }),
  },
  'DELETE /api/agents/:name': { who: 'admin', path: () => '/api/agents/none' },
}

/** Codes with which somebody is kept out; anything else is an answer to one who was let in. */
const keptOut = new Set([
  'not_logged_in',
  'no_key',
  'key_too_weak',
  'admins_only',
  'not_your_role',
  'no_such_room',
  'not_ours',
])

test('every route lets in whom it should, and nobody else', async t => {
  await using rig = await apiRig({ accounts: true, limits: { roomsPerUser: 1000 } })
  const admin = await firstAdmin(rig)
  const owner = await newUser(rig, admin, 'owner')
  const writer = await newUser(rig, admin, 'writer')
  const credentials: Record<Person, Credentials> = {
    nobody: {},
    other: await newUser(rig, admin, 'other'),
    reader: await newUser(rig, admin, 'reader'),
    writer,
    owner,
    admin,
    readKey: await newKey(rig, owner, ['rooms:read']),
    voiceKey: await newKey(rig, owner, ['voice']),
    modelsKey: await newKey(rig, owner, ['models']),
    adminKey: await newKey(rig, admin, ['admin']),
  }
  const routes = rig.backend.routes.map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(routes.toSorted(), Object.keys(expected).toSorted(), 'each route has an expectation')
  let n = 0
  // Logging out ends what the others need.
  routes.sort((a, b) => Number(a.endsWith('/logout')) - Number(b.endsWith('/logout')))
  for (const name of routes) {
    const [method = '', path = ''] = name.split(' ')
    const { who, path: pathOf, asked } = expected[name] ?? { who: 'anyone' }
    await t.test(name, async () => {
      const places: [Person, Place][] = []
      for (const person of people) places.push([person, await newPlace(rig, owner, writer, n++)])
      for (const [person, place] of places) {
        const question = asked?.(place) ?? {}
        const answer = await rig.call(method, pathOf?.(place) ?? path, {
          ...question,
          headers: { origin: rig.backend.address, ...credentials[person] },
        })
        const problem = (answer.json?.['error'] ?? answer.json) as Record<string, unknown>
        const code = answer.status < 400 ? 'ok' : String(problem['code'])
        const isIn = !keptOut.has(code)
        const shouldBeIn = (classes[who] as readonly Person[]).includes(person)
        assert.equal(isIn, shouldBeIn, `${person}: ${answer.status} ${answer.text.slice(0, 300)}`)
        assert.ok(answer.status < 500, `${person}: ${answer.text}`)
        if (!isIn) assert.equal(answer.status, refusalOf(person, who), `${person}: ${answer.text}`)
      }
    })
  }
})

test('in single-user mode everybody on this machine may do everything', async () => {
  await using rig = await apiRig()
  for (const { method, path } of rig.backend.routes) {
    // The transcript has no end.
    if (method !== 'GET' || path.includes(':') || path === '/api/transcript') continue
    const { status, text } = await rig.call(method, path === '/api/search' ? '/api/search?q=x' : path)
    assert.equal(status, 200, `${path}: ${text}`)
  }
})

test("a writer changes own messages and agents', the owner everybody's", async () => {
  await using rig = await apiRig({ accounts: true })
  const admin = await firstAdmin(rig)
  const owner = await newUser(rig, admin, 'owner')
  const writer = await newUser(rig, admin, 'writer')
  await rig.must('POST', '/api/rooms', { body: { id: 'owner/r', agents: ['Courante'] }, headers: owner })
  await rig.must('PATCH', '/api/rooms/owner%2Fr', { body: { members: { writer: 'writer' } }, headers: owner })
  const messages = '/api/rooms/owner%2Fr/messages'
  const posted = await rig.must('POST', messages, { body: { text: 'mine, thank you' }, headers: owner })
  const { hash } = posted['message'] as { hash: string }
  const edit = { body: { text: 'changed', hash }, headers: writer }
  const refused = await rig.call('PUT', `${messages}/0`, edit)
  assert.deepEqual([refused.status, refused.json['code']], [403, 'not_yours'])
  const undo = await rig.call('POST', '/api/rooms/owner%2Fr/undo', { body: { hash }, headers: writer })
  assert.equal(undo.status, 403)
  await rig.must('PUT', `${messages}/0`, { ...edit, headers: owner })
  const stale = await rig.call('PUT', `${messages}/0`, { ...edit, headers: owner })
  assert.deepEqual([stale.status, stale.json['code']], [409, 'conflict'])
})

async function newPlace(rig: ApiRig, owner: Credentials, writer: Credentials, n: number): Promise<Place> {
  const id = `owner/r${n}`
  const path = `/api/rooms/${encodeURIComponent(id)}`
  await rig.must('POST', '/api/rooms', { body: { id, agents: [] }, headers: owner })
  await rig.must('PATCH', path, {
    body: { members: { reader: 'reader', writer: 'writer' } },
    headers: owner,
  })
  const posted = await rig.must('POST', `${path}/messages`, { body: { text: 'hello' }, headers: writer })
  const file = await rig.must('POST', `${path}/files?name=a.txt`, {
    body: Buffer.from('text'),
    headers: writer,
  })
  const { hash } = posted['message'] as { hash: string }
  return { room: id, hash, file: String(file['id']), url: String(file['url']), n }
}

/** 401 for nobody; a room that one can't read is not there; everything else is forbidden. */
function refusalOf(person: Person, who: keyof typeof classes): number {
  if (person === 'nobody') return 401
  const isRoom = who === 'reader' || who === 'writer' || who === 'owner'
  return isRoom && person === 'other' ? 404 : 403
}
