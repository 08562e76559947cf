import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { answeringCore, generated } from '../support/answering-core.ts'
import { coreHome } from '../support/core.ts'
import { root } from '../support/our-stack.ts'
import { png } from '../support/png.ts'
import { Spawned } from '../support/spawned.ts'
import { Terminal } from '../support/terminal.ts'

test('the starter model answers words and stdin, as text, as JSON and by a schema', async () => {
  await using at = await coreHome()
  await using core = at.core()
  await core.saw(/core ready/)
  const ask = (...args: string[]) => new Spawned('scripts/ask.ts', args, at.env)
  for (const [words, input] of [
    [['what', 'is', 'the', 'capital', 'of', 'France?'], ''],
    [[], 'what is the capital of France?\n'],
  ] as const) {
    await using run = ask(...words, '--temperature', '0')
    run.child.stdin?.end(input)
    assert.equal(await run.ended(), 0, run.stderr)
    assert.match(run.stdout, /^[^\n]*Paris[^\n]*\n$/)
    assert.equal(run.stderr, '')
  }
  await using json = ask('hello', '--json', '--seed', '1', '--max-tokens', '3')
  json.child.stdin?.end()
  assert.equal(await json.ended(), 0, json.stderr)
  const { ok, model, text, finish, usage } = JSON.parse(json.stdout) as Record<string, unknown>
  assert.deepEqual({ ok, model, finish }, { ok: true, model: 'starter', finish: 'length' })
  assert.equal(typeof text, 'string')
  assert.equal((usage as { completionTokens: number }).completionTokens, 3)
  const schema = join(at.path, 'schema.json')
  await writeFile(schema, JSON.stringify({ type: 'object', properties: { big: { type: 'boolean' } } }))
  await using big = ask('is it big?', '--schema', schema)
  big.child.stdin?.end()
  assert.equal(await big.ended(), 0, big.stderr)
  assert.equal(typeof (JSON.parse(big.stdout) as { big: unknown }).big, 'boolean')
  // Far more than its context holds: core's own words, and the exit code of a failure.
  await using long = ask('sum this up')
  long.child.stdin?.end('one two three '.repeat(2000))
  assert.equal(await long.ended(), 1)
  assert.equal(long.stdout, '')
  assert.match(long.stderr, /context of starter holds 1024[^]*→/)
  await using unknown = ask('hello', '--model', 'nobody', '--json')
  unknown.child.stdin?.end()
  assert.equal(await unknown.ended(), 1)
  assert.equal((JSON.parse(unknown.stdout) as { ok: boolean }).ok, false)
  assert.match(unknown.stderr, /no model nobody/)
})

test('what is asked: files with their names, then the words, then stdin; and every option', async () => {
  const requests: Record<string, unknown>[] = []
  await using core = await answeringCore('llm', job => {
    requests.push(job.request)
    return Promise.resolve(generated('Yes.'))
  })
  const notes = join(core.path, 'notes.txt')
  await writeFile(notes, 'Buy milk.\n')
  await using run = core.start(
    'ask',
    ...`what to buy? --file ${notes} --system Brief. --model m --temperature 0.5`.split(' '),
    ...'--max-tokens 9 --seed 7 --stop x --stop y'.split(' '),
  )
  run.child.stdin?.end('and eggs\n')
  assert.equal(await run.ended(), 0, run.stderr)
  assert.equal(run.stdout, 'Yes.\n')
  const content = `--- ${notes} ---\nBuy milk.\n--- end of ${notes} ---\n\nwhat to buy?\n\nand eggs`
  assert.deepEqual(requests, [
    {
      kind: 'chat',
      model: 'm',
      temperature: 0.5,
      maxTokens: 9,
      seed: 7,
      stop: ['x', 'y'],
      messages: [
        { role: 'system', content: 'Brief.' },
        { role: 'user', content },
      ],
    },
  ])
  assert.deepEqual(await core.left(), [])
})

test('pictures go with the question as files; what is none, or not there, is said before', async () => {
  const requests: { request: unknown; files: string[] }[] = []
  await using core = await answeringCore('llm', async job => {
    const files = (await readdir(job.folder)).filter(name => name.startsWith('picture'))
    requests.push({ request: job.request, files })
    return generated('Red.')
  })
  const at = (name: string): string => join(core.path, name)
  await writeFile(at('red apple.png'), png(2, 2, [255, 0, 0]))
  await writeFile(at('notes.txt'), 'Buy milk.')
  await writeFile(at('empty.png'), '')
  await symlink(at('red apple.png'), at('link.png'))
  const ask = async (...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> => {
    await using run = core.start('ask', ...args)
    run.child.stdin?.end()
    const code = await run.ended()
    return { code, stdout: run.stdout, stderr: run.stderr }
  }
  const two = ['--image', at('red apple.png'), '--image', at('link.png')]
  const { code, stdout, stderr } = await ask('which colour?', ...two)
  assert.deepEqual([code, stdout, stderr], [0, 'Red.\n', ''])
  const images = ['picture-1.png', 'picture-2.png']
  assert.deepEqual(requests, [
    {
      request: { kind: 'chat', messages: [{ role: 'user', content: 'which colour?', images }] },
      files: images,
    },
  ])
  for (const [name, words] of Object.entries({
    'gone.png': /there is no file .*gone\.png/,
    'notes.txt': /notes\.txt is no PNG, JPEG, WebP or GIF/,
    'empty.png': /empty\.png is no PNG/,
  })) {
    const refused = await ask('which colour?', '--image', at(name))
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, words)
  }
  assert.equal(requests.length, 1)
})

test('text comes out while it is made, thoughts stay out of a pipe', async () => {
  const seen = Promise.withResolvers<void>()
  await using core = await answeringCore('llm', async job => {
    await job.emit({ type: 'thought', text: 'Hm.' })
    await job.emit({ type: 'text', text: 'One' })
    await seen.promise
    await job.emit({ type: 'text', text: ' two.' })
    return generated('One two.', { thought: 'Hm.' })
  })
  await using run = core.start('ask', 'count')
  run.child.stdin?.end()
  await run.saw(/^One$/)
  seen.resolve()
  assert.equal(await run.ended(), 0, run.stderr)
  assert.equal(run.stdout, 'One two.\n')
})

test('an engine that ends in the middle and says the same again is not heard twice', async () => {
  await using core = await answeringCore('llm', async job => {
    await job.emit({ type: 'text', text: 'One' })
    if (job.attempt === 1) {
      await running.saw(/^One$/)
      return { type: 'crashed', detail: 'SIGKILL' }
    }
    await job.emit({ type: 'text', text: ' two' })
    return generated('One two')
  })
  await using running = core.start('ask', 'count')
  running.child.stdin?.end()
  assert.equal(await running.ended(), 0, running.stderr)
  assert.equal(running.stdout, 'One two\n')
})

test('an engine that says something else the second time: a pipe ends with 1, and the job is withdrawn', async () => {
  const ended = Promise.withResolvers<unknown>()
  await using core = await answeringCore('llm', async job => {
    await job.emit({ type: 'text', text: job.attempt === 1 ? 'One' : 'Two' })
    if (job.attempt === 1) {
      await running.saw(/^One$/)
      return { type: 'crashed', detail: 'SIGKILL' }
    }
    await aborted(job.signal)
    ended.resolve(job.signal.reason)
    return generated('Two')
  })
  await using running = core.start('ask', 'count')
  running.child.stdin?.end()
  assert.equal(await running.ended(), 1)
  assert.equal(running.stdout, 'One')
  assert.match(running.stderr, /something else[^]*Ask again/)
  assert.equal(await ended.promise, 'cancelled')
})

test('Ctrl-C and a reader that leaves cancel the job: 130 and 129, no words, nothing left', async () => {
  for (const [how, code] of [
    ['SIGINT', 130],
    ['closed', 129],
  ] as const) {
    const reason = Promise.withResolvers<unknown>()
    await using core = await answeringCore('llm', async job => {
      while (!job.signal.aborted) {
        await job.emit({ type: 'text', text: 'again ' })
        await new Promise(resolve => setTimeout(resolve, 5))
      }
      reason.resolve(job.signal.reason)
      return generated('again')
    })
    await using run = core.start('ask', 'sing')
    run.child.stdin?.end()
    await run.saw(/again/)
    if (how === 'closed') run.child.stdout?.destroy()
    else run.child.kill(how)
    assert.equal(await run.ended(), code)
    assert.equal(run.stderr, '')
    assert.equal(await reason.promise, 'cancelled')
    assert.deepEqual(await core.left(), [])
  }
})

test('wrong arguments and what is no text are told; without core: exit 4', async () => {
  await using at = await coreHome()
  const ask = (...args: string[]) => new Spawned('scripts/ask.ts', args, at.env)
  for (const args of [[], ['--loud', 'x'], ['x', '--temperature', '3'], ['x', '--seed', '1.5']]) {
    await using run = ask(...args)
    run.child.stdin?.end()
    assert.equal(await run.ended(), 2, args.join(' '))
    assert.match(run.stderr, /Usage: courante ask/)
  }
  const picture = join(at.path, 'x.png')
  await writeFile(picture, Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0]))
  for (const [args, words] of [
    [['--file', picture], /x\.png is no text/],
    [['--file', join(at.path, 'nothing')], /there is no file/],
    [['--schema', picture, 'x'], /x\.png is no text/],
  ] as const) {
    await using run = ask(...args)
    run.child.stdin?.end()
    assert.equal(await run.ended(), 1)
    assert.match(run.stderr, words)
  }
  await using none = ask('hello')
  none.child.stdin?.end()
  assert.equal(await none.ended(), 4)
  assert.match(none.stderr, /core is not running, and nothing else can answer[^]*npm run up/)
})

test('on a terminal: what a model waits for, and a talk that remembers', async () => {
  const talks: unknown[] = []
  const loading = Promise.withResolvers<void>()
  await using core = await answeringCore('llm', async job => {
    const messages = job.request['messages'] as { content: string }[]
    talks.push(messages.map(({ content }) => content))
    if (talks.length === 1) {
      await job.setStatus({ state: 'running', model: 'big', stage: 'loading', progress: 0.4 })
      await loading.promise
    }
    if (messages.length > 3) return { type: 'failed', error: { code: 'context_too_long', message: 'Full.' } }
    await job.emit({ type: 'thought', text: 'Hm.' })
    await job.emit({ type: 'text', text: 'Well.' })
    return generated('Well.')
  })
  await using terminal = await Terminal.open({ columns: 100, rows: 30, cwd: root, env: core.env })
  await terminal.type(`${process.execPath} scripts/ask.ts; echo code $?`)
  await terminal.shows(/^An empty line.*\n>$/m)
  await terminal.type('one')
  await terminal.shows(/^loading big 40 % …$/m)
  loading.resolve()
  const screen = await terminal.shows(/^Hm\.\n\nWell\.\n>$/m)
  assert.doesNotMatch(screen, /loading/)
  assert.match(await terminal.colouredScreen(), /\u001B\[2mHm\./)
  await terminal.type('two')
  await terminal.shows(/> two\nHm\.\n\nWell\.\n>\s*$/)
  await terminal.type('three')
  await terminal.shows(/> three\n.*is forgotten\nHm\.\n\nWell\.\n>\s*$/)
  await terminal.press('Enter')
  await terminal.shows(/^code 0$/m)
  assert.deepEqual(talks, [
    ['one'],
    ['one', 'Well.', 'two'],
    ['one', 'Well.', 'two', 'Well.', 'three'],
    ['two', 'Well.', 'three'],
  ])
  await terminal.type(`clear; ${process.execPath} scripts/ask.ts; echo code $?`)
  await terminal.shows(/^>$/m)
  await terminal.press('C-c')
  await terminal.shows(/^code 130$/m)
})

test('a talk about a picture: it goes along with every question, until that which named it is forgotten', async () => {
  const sent: unknown[] = []
  await using core = await answeringCore('llm', async job => {
    const messages = job.request['messages'] as { images?: string[] }[]
    const files = (await readdir(job.folder)).filter(name => name.startsWith('picture'))
    sent.push([messages.map(({ images }) => images?.length ?? 0), files])
    if (messages.length > 3) return { type: 'failed', error: { code: 'context_too_long', message: 'Full.' } }
    return generated('Red.')
  })
  await writeFile(join(core.path, 'red.png'), png(2, 2, [255, 0, 0]))
  await using terminal = await Terminal.open({ columns: 100, rows: 30, cwd: root, env: core.env })
  await terminal.type(
    `${process.execPath} scripts/ask.ts --image ${join(core.path, 'red.png')}; echo code $?`,
  )
  await terminal.shows(/^An empty line.*\n>$/m)
  await terminal.type('one')
  await terminal.shows(/> one\nRed\.\n>$/m)
  await terminal.type('two')
  await terminal.shows(/> two\nRed\.\n>\s*$/)
  await terminal.type('three')
  await terminal.shows(/is forgotten\nRed\.\n>\s*$/)
  await terminal.press('Enter')
  await terminal.shows(/^code 0$/m)
  const picture = ['picture-1.png']
  assert.deepEqual(sent, [
    [[1], picture],
    [[1, 0, 0], picture],
    [[1, 0, 0, 0, 0], picture],
    [[0, 0, 0], []],
  ])
})

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
