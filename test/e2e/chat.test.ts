import assert from 'node:assert/strict'
import { appendFile, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { coreHome } from '../support/core.ts'
import { root } from '../support/our-stack.ts'
import { RoomsBackend } from '../support/rooms-backend.ts'
import { Spawned } from '../support/spawned.ts'
import { Terminal } from '../support/terminal.ts'

test('chat says words or stdin, waits for the answer, and writes it', async () => {
  await using at = await RoomsBackend.start()
  await using chat = at.command('chat', 'lobby', 'Who', 'are', 'you?')
  chat.child.stdin?.end()
  const asked = await at.model.asked()
  assert.match(asked.told.at(-1) ?? '', /^user: Who are you\?$/)
  await asked.say('Nobody')
  await asked.say(' yet.\nTruly.')
  asked.done()
  assert.equal(await chat.ended(), 0, chat.stderr)
  assert.equal(chat.stdout, 'Nobody yet.\nTruly.\n')
  assert.doesNotMatch((await at.run('rooms', [])).out, /unread/)

  const quick = await at.run('chat', ['lobby', '--quick', '--json'], 'From a pipe.\n')
  assert.equal(quick.code, 0, quick.err)
  assert.equal((JSON.parse(quick.out) as { text: string }).text, 'From a pipe.')
  ;(await at.model.asked()).done('Heard.')

  const none = await at.run('chat', ['nowhere', 'hello'])
  assert.equal(none.code, 1)
  assert.match(none.err, /nowhere|no such room/i)
  assert.equal((await at.run('chat', ['lobby', '--follow', 'x'])).code, 2)
  assert.equal((await at.run('chat', ['lobby'])).code, 2)
  await at.kill()
  const down = await at.run('chat', ['lobby', 'hello'])
  assert.equal(down.code, 4)
  assert.match(down.err, /backend is not running[^]*npm run up/)
})

test('rooms are made, shared, renamed, archived, searched, exported, imported and removed', async () => {
  await using at = await RoomsBackend.start()
  const rooms = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await at.run('rooms', args)
    assert.equal(code, 0, `rooms ${args.join(' ')}: ${err}`)
    return out
  }
  await rooms('new', 'kitchen')
  assert.equal((await at.run('rooms', ['new', 'Kitchen'])).code, 1)
  await rooms('agents', 'kitchen', 'none')
  await at.run('chat', ['kitchen', 'The soup is ready.'])
  const found = JSON.parse(await rooms('search', 'soup', '--json')) as { room: string }[]
  assert.deepEqual(
    found.map(({ room }) => room),
    ['kitchen'],
  )
  await rooms('rename', 'kitchen', 'the kitchen')
  assert.match(await rooms('ls'), /^the kitchen /m)
  const text = await rooms('export', 'the kitchen')
  assert.match(text, /^\S+:\tThe soup is ready\.\n\n$/)
  const imported = await at.run('rooms', ['import', 'copy'], text)
  assert.equal(imported.code, 0, imported.err)
  assert.equal(await rooms('export', 'copy'), text)
  await rooms('archive', 'copy')
  assert.doesNotMatch(await rooms('ls'), /copy/)
  assert.match(await rooms('ls', '--all'), /^copy .*archived/m)
  await rooms('restore', 'copy')
  await rooms('rm', 'copy')
  assert.doesNotMatch(await rooms('ls', '--all'), /copy/)
  assert.equal((await at.run('rooms', ['nonsense'])).code, 2)
  for (const command of ['rooms', 'users']) assert.equal((await at.run(command, ['constructor'])).code, 2)
  assert.equal((await at.run('rooms', ['rename', 'x'])).code, 2)
})

test('a follower misses nothing and sees nothing twice while the backend is killed and comes back', async () => {
  await using at = await RoomsBackend.start()
  assert.equal((await at.run('rooms', ['new', 'hall'])).code, 0)
  assert.equal((await at.run('rooms', ['agents', 'hall', 'none'])).code, 0)
  await using follower = at.command('chat', 'hall', '--follow')
  for (let round = 0; round < 3; round++) {
    const said = await at.run('chat', ['hall', `before ${round}`])
    assert.equal(said.code, 0, said.err)
    await follower.saw(new RegExp(`:\tbefore ${round}\n`))
    await at.kill()
    // By hand, while nobody is there.
    await appendFile(join(at.home, 'rooms/hall.bb'), `vim:\tmeanwhile ${round}\n\n`)
    await at.again()
    assert.equal((await at.run('chat', ['hall', `after ${round}`])).code, 0)
    await follower.saw(new RegExp(`:\tafter ${round}\n`))
  }
  follower.child.kill('SIGINT')
  assert.equal(await follower.ended(), 130)
  assert.equal(follower.stdout, await readFile(join(at.home, 'rooms/hall.bb'), 'utf8'))
})

test('the last messages alone, or the last ones and what comes; on a fresh home the lobby is there for both', async () => {
  await using at = await RoomsBackend.start()
  assert.deepEqual(await at.run('chat', ['-n', '3']), { code: 0, out: '', err: '' })
  assert.equal((await at.run('rooms', ['agents', 'lobby', 'none'])).code, 0)
  for (const text of ['one', 'two', 'three']) assert.equal((await at.run('chat', ['lobby', text])).code, 0)
  assert.match((await at.run('chat', ['lobby', '-n', '2'])).out, /^\S+:\ttwo\n\n\S+:\tthree\n\n$/)
  await using follower = at.command('chat', 'lobby', '--follow', '-n', '1')
  await follower.saw(/:\tthree\n/)
  assert.equal((await at.run('chat', ['lobby', 'four'])).code, 0)
  await follower.saw(/^\S+:\tthree\n\n\S+:\tfour\n\n$/)
})

test('a follower is told all of what came at once, and on stderr what was changed', async () => {
  await using at = await RoomsBackend.start()
  assert.equal((await at.run('rooms', ['new', 'hall', '--agent', 'Courante'])).code, 0)
  assert.equal((await at.run('rooms', ['agents', 'hall', 'none'])).code, 0)
  const path = join(at.home, 'rooms/hall.bb')
  const first = Array.from({ length: 6 }, (_, n) => `vim:\t${n}\n\n`).join('')
  await appendFile(path, first)
  await using follower = at.command('chat', 'hall', '--follow')
  await follower.saw(/:\t5\n/)
  await using events = at.command('chat', 'hall', '--follow', '--json')
  await events.saw(/"hello"/)
  const many = Array.from({ length: 700 }, (_, n) => `vim:\tline ${n}\n\n`).join('')
  await appendFile(path, many)
  await Promise.all([follower.saw(/line 699\n/), events.saw(/line 699"/)])
  assert.equal(follower.stdout, first + many)
  assert.match(follower.stderr, /^Much of hall was changed/)
  const said = events.stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { type: string; message?: { text: string } })
  assert.equal(said.filter(({ type }) => type === 'message').length, 706)
  const text = await readFile(path, 'utf8')
  // As editors do that never leave half a file.
  await writeFile(`${path}.new`, text.replace('line 698', 'another'))
  await rename(`${path}.new`, path)
  await follower.saw(/another\n\nvim:\tline 699\n/)
  assert.match(follower.stderr, /what stood from message 705 on was changed/)
})

test('on a terminal: the answer grows, Ctrl-C stops it, a second reader sees the same, /undo, /again, Ctrl-D leaves', async () => {
  await using at = await RoomsBackend.start()
  const options = { columns: 60, rows: 20, cwd: root, env: { ...at.env, NO_COLOR: '1' } }
  await using one = await Terminal.open(options)
  await using two = await Terminal.open(options)
  await one.type(`${process.execPath} scripts/chat.ts`)
  await one.shows(/lobby, with Courante/)
  await two.type(`${process.execPath} scripts/chat.ts lobby`)
  await two.shows(/lobby, with Courante[^]*\n>/)
  await one.type('Tell me a story.')
  const first = await at.model.asked()
  await first.say('Once upon a time\n')
  await one.shows(/: Tell me a story\.\nCourante: Once upon a time\n[^]*>/)
  await two.shows(/: Tell me a story\.\nCourante: Once upon a time\n/)
  // What is typed meanwhile stays where it is.
  await two.press('-l', 'half a sent')
  await first.say('there was a fox.')
  await two.shows(/there was a fox\.[^]*\n> half a sent/)
  await one.press('C-c')
  await first.withdrawn()
  await one.shows(/Courante:\s+Once upon a time\nthere was a fox\.\n>$/m)
  await one.type('/again')
  const second = await at.model.asked()
  second.done('No.')
  await two.shows(/taken back[^]*Courante: No\.\n> half a sent/)
  await one.type('/nonsense')
  await one.shows(/no command \/nonsense/)
  await one.press('C-d')
  await one.shows(/\$\s*$/)
  const text = await readFile(join(at.home, 'rooms/lobby.bb'), 'utf8')
  assert.match(text, /^\S+:\tTell me a story\.\n\nCourante:\tNo\.\n\n$/)
})

test('a talk with the starter model in a room, from two clients at once', async () => {
  await using at = await coreHome()
  await using core = at.core()
  await core.saw(/core ready/)
  await using backend = new Spawned('services/backend/main.ts', [], { ...at.env, PORT: '0' })
  const [, port = ''] = await backend.saw(/^backend listening on http:\/\/127\.0\.0\.1:(\d+)$/m)
  const chat = (...args: string[]): Spawned =>
    new Spawned('scripts/chat.ts', args, { ...at.env, COURANTE_PORT_BACKEND: port })
  await using first = chat('lobby', 'What is the capital of France?')
  first.child.stdin?.end()
  assert.equal(await first.ended(), 0, first.stderr)
  assert.notEqual(first.stdout.trim(), '')
  await using readers = new AsyncDisposableStack()
  const [a, b] = [
    readers.use(chat('lobby', '--follow', '--json')),
    readers.use(chat('lobby', '-f', '--json')),
  ]
  await Promise.all([a.saw(/"hello"/), b.saw(/"hello"/)])
  await using second = chat('lobby', 'And of Spain?')
  second.child.stdin?.end()
  assert.equal(await second.ended(), 0, second.stderr)
  const seen = await Promise.all(
    [a, b].map(async reader => {
      await reader.saw(/"reply\.ended"/)
      const events = reader.stdout
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line) as { type: string; reply?: string; message?: { text: string } })
      assert.ok(events.some(({ type }) => type === 'reply.delta'))
      return events.findLast(({ type, reply }) => type === 'message' && reply !== undefined)?.message?.text
    }),
  )
  for (const text of seen) assert.equal(text, second.stdout.trimEnd())
})

test('a room of another machine: by its address and an API key', async () => {
  await using at = await RoomsBackend.start()
  assert.equal((await at.run('rooms', ['new', 'hall', '--agent', 'Courante'])).code, 0)
  const url = `http://127.0.0.1:${at.env['COURANTE_PORT_BACKEND']}`
  const env = { COURANTE_HOME: '/nowhere', COURANTE_URL: `${url}/`, COURANTE_KEY: 'ck_x' }
  await using chat = new Spawned('scripts/chat.ts', ['hall', '--quick', 'From afar.'], env)
  chat.child.stdin?.end()
  assert.equal(await chat.ended(), 0, chat.stderr)
  assert.match(await readFile(join(at.home, 'rooms/hall.bb'), 'utf8'), /:\tFrom afar\.\n/)
  await using wrong = new Spawned('scripts/chat.ts', ['hall', 'x'], { ...env, COURANTE_URL: 'nonsense' })
  wrong.child.stdin?.end()
  assert.equal(await wrong.ended(), 2)
  assert.match(wrong.stderr, /COURANTE_URL is "nonsense"/)
})
