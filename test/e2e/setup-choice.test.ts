import assert from 'node:assert/strict'
import { spawn as spawnOnPty } from '@lydell/node-pty'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { listOf, makeChoiceStack, take, textAt } from '../support/choice-stack.ts'
import { root } from '../support/our-stack.ts'
import { hasProgram } from '../support/programs.ts'

const skip = hasProgram('tmux') ? false : 'tmux is not here'
const question = /Which language model should answer\?/

suite('the first run', { skip }, () => {
  test('asks once for the language model, on one screen; the answer is written, and counts', async () => {
    await using stack = await makeChoiceStack()
    await stack.put('user/.lmstudio/models/us/a-repo/Tiny-Q8_0.gguf')
    await using terminal = await stack.open()
    await terminal.type(stack.line('up', '-d'))
    const screen = await terminal.shows(/none for now: the starter/)
    assert.match(screen, question)
    assert.match(screen, /This machine has [\d.]+ GB of memory, of which models may take/)
    assert.match(screen, /^ +model +download +memory +licence$/m)
    assert.match(screen, /^ +lmstudio\/us\/a-repo\/Tiny-Q8_0 +here +\d+ MB +unknown/m)
    assert.match(screen, /^ +another server, or a file$/m)
    await take(terminal, 'lmstudio')
    await terminal.shows(/ended with 0/)
    assert.deepEqual(parse((await stack.local()) ?? ''), {
      language_model: 'lmstudio/us/a-repo/Tiny-Q8_0',
    })
    assert.equal(await stack.chosen(), 'lmstudio/us/a-repo/Tiny-Q8_0')
    const logs = await stack.ask('logs', 'a')
    assert.match(logs.stdout, /model: lmstudio\/us\/a-repo\/Tiny-Q8_0/)

    await stack.ask('down')
    await terminal.type(`clear; ${stack.line('up', '-d')}`)
    const again = await terminal.shows(/ended with 0/)
    assert.doesNotMatch(again, question)
  })

  for (const [name, press, code] of [
    ['Escape', 'Escape', 3],
    ['Ctrl-C', 'C-c', 3],
  ] as const) {
    test(`${name} declines: nothing is written, nothing starts`, async () => {
      await using stack = await makeChoiceStack()
      await using terminal = await stack.open()
      await terminal.type(stack.line('up', '-d'))
      await terminal.shows(/none for now: the starter/)
      await terminal.press(press)
      const screen = await terminal.shows(/ended with \d/)
      assert.match(screen, new RegExp(`ended with ${code}`))
      assert.match(screen, /no language model was chosen, and nothing was changed/)
      assert.equal(await stack.local(), undefined)
      assert.equal(await textAt(stack.machine.at('home/models.yaml')), undefined)
      assert.equal((await stack.ask('status')).exitCode, 4)
    })
  }

  for (const [when, cue] of [
    ['the machine is looked at', 'looking at'],
    ['the question stands', 'none for now'],
  ] as const)
    test(`a signal while ${when} ends it, with the exit code of the signal`, async () => {
      await using stack = await makeChoiceStack()
      // It never answers: the look takes its half second.
      stack.env['OLLAMA_HOST'] = (await stack.machine.web(() => undefined)).replace('http://', '')
      const terminal = spawnOnPty(
        process.execPath,
        [join(root, 'runner/main.ts'), 'up', '--stack', stack.file],
        {
          env: stack.env,
          cols: 80,
          rows: 24,
        },
      )
      let screen = ''
      terminal.onData(text => {
        const before = screen
        screen += text
        if (screen.includes(cue) && !before.includes(cue)) terminal.kill('SIGTERM')
      })
      const { exitCode } = await new Promise<{ exitCode: number }>(resolve => terminal.onExit(resolve))
      assert.equal(exitCode, 143, screen)
      assert.equal(await stack.local(), undefined)
    })

  test('takes a program that serves models already, and asks which of them', async () => {
    await using stack = await makeChoiceStack()
    const url = await stack.machine.web(listOf('qwen3:4b', 'llama3.2:3b'))
    stack.env['OLLAMA_HOST'] = url.replace('http://', '')
    await using terminal = await stack.open()
    await terminal.type(stack.line('up', '-d'))
    await terminal.shows(/Ollama, 2 models +runs now +its own/)
    await take(terminal, 'Ollama')
    await terminal.shows(/Which model of Ollama\?/)
    await take(terminal, 'llama3.2:3b')
    await terminal.shows(/ended with 0/)
    const id = 'ollama-llama3.2-3b'
    assert.deepEqual(parse((await stack.local()) ?? ''), { language_model: id })
    assert.deepEqual((await stack.own()).models, [
      { id, kind: 'llm', url: `${url}/v1`, model: 'llama3.2:3b' },
    ])
    assert.equal(await stack.chosen(), id)
  })

  test('takes a server by its URL, with the variable that holds its key; what is wrong is told, and asked again', async () => {
    await using stack = await makeChoiceStack()
    const keys: (string | undefined)[] = []
    const url = await stack.machine.web((request, response) => {
      keys.push(request.headers.authorization)
      listOf('big-one')(request, response)
    })
    stack.env['SOME_KEY'] = 'a secret'
    await using terminal = await stack.open()
    await terminal.type(stack.line('up', '-d'))
    await terminal.shows(/none for now: the starter/)
    await take(terminal, 'another server')
    await terminal.shows(/URL, path or id/)
    await terminal.type('no-such-model')
    await terminal.shows(/there is no model "no-such-model"[^]*none for now: the starter/)
    await take(terminal, 'another server')
    await terminal.shows(/URL, path or id/)
    await terminal.type(`${url}/v1`)
    await terminal.shows(/Environment variable/)
    await terminal.type('SOME_KEY')
    await terminal.shows(/ended with 0/)
    assert.deepEqual((await stack.own()).models, [
      { id: 'big-one', kind: 'llm', url: `${url}/v1`, model: 'big-one', key_env: 'SOME_KEY' },
    ])
    assert.ok(keys.length > 0 && keys.every(key => key === 'Bearer a secret'))
    assert.doesNotMatch(`${await stack.local()}${JSON.stringify(await stack.own())}`, /a secret/)
  })

  test('a model of the catalog is named on the screen of what is installed; who declines there has chosen nothing', async () => {
    await using stack = await makeChoiceStack()
    const asked: string[] = []
    stack.env['COURANTE_MIRROR'] = await stack.machine.web((request, response) => {
      asked.push(request.method ?? '')
      response.end()
    })
    await using terminal = await stack.open()
    await terminal.type(stack.line('up', '-d'))
    const [, id = ''] = /^❯ +([\w.-]+), recommended/m.exec(await terminal.shows(/none for now/)) ?? []
    assert.notEqual(id, '')
    await terminal.press('Enter')
    const screen = await terminal.shows(/to download; [^]*Install\?/)
    assert.match(screen, new RegExp(`Language model: ${id}[^]*^ +${id} .*language model`, 'm'))
    await terminal.press('Escape')
    await terminal.shows(/ended with 3/)
    assert.ok(!asked.includes('GET'), String(asked))
    assert.equal(await stack.local(), undefined)
    await terminal.type(stack.line('up', '-d'))
    await terminal.shows(/none for now/)
    await terminal.press('Escape')
    await terminal.shows(/ended with 3[^]*ended with 3/)
  })

  test('asks nothing without a terminal, with --yes, or with --no: the demo stays, and nothing is written', async () => {
    await using stack = await makeChoiceStack()
    assert.equal((await stack.ask('up', '-d')).exitCode, 0)
    assert.equal(await stack.chosen(), 'starter')
    await using terminal = await stack.open()
    for (const option of ['--yes', '--no']) {
      await stack.ask('down')
      await terminal.type(`clear; ${stack.line('up', '-d', option)}`)
      assert.doesNotMatch(await terminal.shows(/ended with 0/), question)
    }
    assert.equal(await stack.local(), undefined)
  })

  test('asks nothing where the stack has no language model, or models.yaml names one, which goes before', async () => {
    await using other = await makeChoiceStack('')
    await using chosen = await makeChoiceStack()
    await writeFile(chosen.machine.at('home/models.yaml'), 'schema: 1\ndefaults: { llm: starter }\n')
    for (const stack of [other, chosen]) {
      await using terminal = await stack.open()
      await terminal.type(stack.line('up', '-d'))
      assert.doesNotMatch(await terminal.shows(/ended with 0/), question)
      assert.equal(await stack.local(), undefined)
    }
  })
})
