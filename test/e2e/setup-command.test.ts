import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { execa } from 'execa'
import { listOf, makeChoiceStack, starter, take, textAt } from '../support/choice-stack.ts'
import { root } from '../support/our-stack.ts'
import { hasProgram } from '../support/programs.ts'

const skip = hasProgram('tmux') ? false : 'tmux is not here'
const hasEngines = existsSync(join(root, 'services/engines/node_modules/node-llama-cpp'))

suite('courante setup', () => {
  test(
    'asks anew, says what it is now, keeps comments, and tells how a running stack takes it over',
    {
      skip,
    },
    async () => {
      await using stack = await makeChoiceStack()
      await stack.put('user/mine.gguf')
      await writeFile(stack.machine.at('stack.local.yaml'), '# mine\nlanguage_model: gone # for now\n')
      assert.equal((await stack.ask('up', '-d')).exitCode, 0)
      assert.match((await stack.ask('models', 'ls')).stderr, /language_model is "gone", and there is no such/)
      await using terminal = await stack.open()
      await terminal.type(stack.line('setup'))
      await terminal.shows(/At present, gone answers[^]*none for now: the starter/)
      await take(terminal, 'another server')
      await terminal.shows(/URL, path or id/)
      await terminal.type('~/mine.gguf')
      const screen = await terminal.shows(/ended with 0/)
      assert.match(screen, /mine answers from now on/)
      assert.match(screen, /chosen runs already: R in its console/)
      assert.equal(await stack.local(), '# mine\nlanguage_model: mine # for now\n')
      assert.deepEqual((await stack.own()).models, [
        { id: 'mine', kind: 'llm', path: stack.machine.at('user/mine.gguf') },
      ])
      const again = await stack.ask('up', '-d')
      assert.match(again.stderr, /the stack file has changed since this run began/)
    },
  )

  test('takes an id, a file or a URL for scripts, and a default of models.yaml that says otherwise goes', async () => {
    await using stack = await makeChoiceStack()
    const { machine } = stack
    const own = machine.at('home/models.yaml')
    await writeFile(
      own,
      '# mine\nschema: 1\ndefaults: { llm: qwen3-4b, tts: espeak-ng }\npins: [espeak-ng]\n',
    )
    assert.equal(await stack.chosen(), 'qwen3-4b')

    const byId = await stack.ask('setup', '--model', 'starter', '--json')
    assert.deepEqual(JSON.parse(byId.stdout), {
      model: 'starter',
      file: machine.at('stack.local.yaml'),
      running: false,
    })
    assert.equal(await stack.chosen(), 'starter')
    assert.match(await readFile(own, 'utf8'), /^# mine$/m)
    assert.deepEqual((await stack.own()).defaults, { tts: 'espeak-ng' })

    await stack.put('Some Model-Q4_K_M.gguf')
    const byFile = await stack.ask('setup', '--model', machine.at('Some Model-Q4_K_M.gguf'))
    assert.equal(byFile.exitCode, 0, byFile.stderr)
    assert.equal(await stack.chosen(), 'some-model-q4_k_m')

    const url = await machine.web(listOf('one', 'two'))
    const unclear = await stack.ask('setup', '--model', `${url}/v1`)
    assert.equal(unclear.exitCode, 2)
    assert.match(unclear.stderr, /Say which with --name: one, two/)
    for (let i = 0; i < 2; i++) {
      const byUrl = await stack.ask('setup', '--model', `${url}/v1`, '--name', 'two')
      assert.equal(byUrl.exitCode, 0, byUrl.stderr)
    }
    assert.equal(await stack.chosen(), 'two')
    assert.deepEqual(
      (await stack.own()).models.map(({ id }) => id),
      ['some-model-q4_k_m', 'two'],
      'each once',
    )
  })

  test('takes a GGUF file by its URL: downloads it, and then writes it down', async () => {
    await using stack = await makeChoiceStack()
    const url = await stack.machine.web((request, response) => {
      const bytes = readFileSync(starter)
      response.writeHead(200, { 'content-length': bytes.length })
      response.end(request.method === 'HEAD' ? undefined : bytes)
    })
    const unasked = await stack.ask('setup', '--model', `${url}/tiny.gguf`)
    assert.equal(unasked.exitCode, 2)
    assert.equal(await stack.local(), undefined)
    const { exitCode, stderr } = await stack.ask('setup', '--model', `${url}/tiny.gguf`, '--yes')
    assert.equal(exitCode, 0, stderr)
    assert.equal(await stack.chosen(), 'tiny')
    const [{ id, path } = {}] = (await stack.own()).models as { id?: string; path?: string }[]
    assert.deepEqual([id, path], ['tiny', stack.machine.at('models/tiny/tiny.gguf')])
  })

  test('a stack file that names a model of another kind has a mistake', async () => {
    await using stack = await makeChoiceStack('language_model: whisper-small\n')
    const { exitCode, stderr } = await stack.ask('check')
    assert.equal(exitCode, 2)
    assert.match(stderr, /stack\.yaml:3:17: language_model: "whisper-small" is no language model/)
  })

  for (const [what, model, code, words] of [
    ['an unknown id', 'qwen9', 2, /there is no model "qwen9"/],
    ['a file that is not there', './nothing.gguf', 2, /there is no file .*nothing\.gguf/],
    ['a model of another kind', 'espeak-ng', 2, /espeak-ng is no language model/],
    ['an address that is neither', 'https://127.0.0.1/x', 2, /neither a model's file nor/],
    ['a download that nobody can agree to', 'smollm2-135m', 2, /smollm2-135m[^]*--yes/],
    ['no model at all', undefined, 2, /nobody can be asked here/],
  ] as const) {
    test(`ends with ${code} for ${what}, and writes nothing`, async () => {
      await using stack = await makeChoiceStack()
      const result = await stack.ask('setup', ...(model === undefined ? [] : ['--model', model]))
      assert.equal(result.exitCode, code, result.stderr)
      assert.match(result.stderr, words)
      assert.equal(await stack.local(), undefined)
      assert.equal(await textAt(stack.machine.at('home/models.yaml')), undefined)
    })
  }

  test('models default still changes it, and goes before; a change of it needs no restart', async () => {
    await using stack = await makeChoiceStack()
    await stack.put('mine.gguf')
    assert.equal((await stack.ask('setup', '--model', stack.machine.at('mine.gguf'))).exitCode, 0)
    assert.equal((await stack.ask('models', 'default', 'starter')).exitCode, 0)
    assert.equal(await stack.chosen(), 'starter')
    assert.match((await stack.local()) ?? '', /language_model: mine/)
  })

  test(
    'core uses what was chosen',
    { skip: hasEngines ? false : 'the engines are not installed' },
    async () => {
      await using stack = await makeChoiceStack()
      const { machine } = stack
      await stack.put('mine.gguf')
      const text = await readFile(stack.file, 'utf8')
      const core = `[${process.execPath}, ${join(root, 'services/core/main.ts')}]`
      await writeFile(stack.file, `${text}  core: { command: ${core}, ready: { log: core ready } }\n`)
      assert.equal((await stack.ask('setup', '--model', machine.at('mine.gguf'))).exitCode, 0)
      assert.equal((await stack.ask('up', '-d')).exitCode, 0)
      const script = join(root, 'scripts/ask.ts')
      const answer = await execa(process.execPath, [script, 'Hello', '--home', machine.at('home')], {
        env: stack.env,
        extendEnv: false,
        stdin: 'ignore',
      })
      assert.notEqual(answer.stdout, '')
      const { stdout } = await stack.ask('models', 'ps', '--json')
      assert.deepEqual(
        (JSON.parse(stdout) as { models: { id: string }[] }).models.map(({ id }) => id),
        ['mine'],
      )
    },
  )
})
