import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { coreHome } from '../support/core.ts'
import { CoreClients } from '../support/core-clients.ts'
import { tinyPlan, writeGguf } from '../support/gguf-writer.ts'

/** A home with small models of our own making, and core in it. */
async function started(models: readonly string[], more: readonly string[] = []) {
  const at = await coreHome('/nowhere')
  const lines = models.map(id => {
    const path = join(at.path, `${id}.gguf`)
    writeGguf(path, tinyPlan)
    return `  - { id: ${id}, kind: llm, path: ${path} }`
  })
  await mkdir(at.home, { recursive: true })
  await writeFile(join(at.home, 'models.yaml'), ['schema: 1', 'models:', ...lines, ...more, ''].join('\n'))
  const core = at.core()
  await core.saw(/core ready/)
  const clients = new CoreClients(at.home)
  return {
    at,
    core,
    clients,
    complete: (model: string, prompt = 'x') =>
      clients.ask('llm', { kind: 'complete', model, prompt, maxTokens: 4, temperature: 0 }),
    loads: () => [...core.stdout.matchAll(/^llm {2}(\S+) loaded in/gm)].map(match => match[1]),
    [Symbol.asyncDispose]: async () => {
      clients[Symbol.dispose]()
      await core[Symbol.asyncDispose]()
      await at[Symbol.asyncDispose]()
    },
  }
}

suite('core', () => {
  test('a budget for one model and requests for three in turn: all answered, three loads', async context => {
    // Each takes some 120 MB, and 150 are thought.
    await using core = await started(['a', 'b', 'c'], ['memory: 200MB'])
    const asks = Array.from({ length: 90 }, (_, i) => core.complete('abc'[i % 3] ?? '', `number ${i}`))
    const bodies = await Promise.all(asks)
    assert.equal(bodies.filter(body => body['finish'] !== undefined).length, 90)
    context.diagnostic(`loads: ${core.loads().join(' ')}`)
    assert.deepEqual(new Set(core.loads()), new Set(['a', 'b', 'c']))
    assert.equal(core.loads().length, 3)
  })

  test('load, unload and pins take effect at once; a pinned model stays when others need room', async () => {
    await using core = await started(['a', 'b'], ['memory: 200MB', 'pins: [a]'])
    await core.core.saw(/a loaded in/)
    await assert.rejects(core.complete('b'), /no_memory: .*\(a\)/)
    await assert.doesNotReject(core.complete('a'))
    const file = join(core.at.home, 'models.yaml')
    const path = (id: string): string => join(core.at.path, `${id}.gguf`)
    const models = ['a', 'b'].map(id => `  - { id: ${id}, kind: llm, path: ${path(id)} }`)
    await writeFile(file, ['schema: 1', 'models:', ...models, 'memory: 200MB', ''].join('\n'))
    await core.complete('b')
    await core.clients.ask('models', { kind: 'unload', model: 'b' })
    // The file follows within a fifth of a second.
    while ((await core.at.facts()).models.some(({ state }) => state === 'ready')) await delay(10)
    const loaded = await core.clients.ask('models', { kind: 'load', model: 'a' })
    assert.equal(loaded['wasLoaded'], false)
    assert.ok(Number(loaded['loadMs']) > 0)
  })

  test('an idle model goes after its time', async () => {
    await using core = await started(['a'], ['idle: 1s'])
    await core.complete('a')
    await core.core.saw(/a unloaded/)
  })

  test('what a user gets wrong has words, and core lives on', async () => {
    await using core = await started(['a'])
    await writeFile(join(core.at.path, 'text.gguf'), 'This is no model.\n')
    await writeFile(
      join(core.at.home, 'models.yaml'),
      [
        'schema: 1',
        'models:',
        `  - { id: a, kind: llm, path: ${join(core.at.path, 'a.gguf')} }`,
        `  - { id: text, kind: llm, path: ${join(core.at.path, 'text.gguf')} }`,
        `  - { id: gone, kind: llm, path: ${join(core.at.path, 'gone.gguf')} }`,
        'defaults: { llm: a }',
        '',
      ].join('\n'),
    )
    const ask = (request: object): Promise<string> =>
      core.clients.ask('llm', { kind: 'complete', prompt: 'x', maxTokens: 2, ...request }).then(
        () => 'answered',
        (error: Error) => error.message,
      )
    assert.match(await ask({ model: 'nobody' }), /^unknown_model: There is no model nobody/)
    assert.match(await ask({ model: 'text' }), /^bad_model: The model text can't be loaded/)
    assert.match(await ask({ model: 'gone' }), /^model_missing: .*gone\.gguf/)
    assert.match(await ask({ model: 'espeak-ng' }), /^wrong_model: .*tts/)
    assert.match(await ask({ prompt: 'word '.repeat(4000) }), /^context_too_long: .*\d+ tokens/)
    assert.match(await ask({ format: { type: 'schema', schema: { type: 7 } } }), /^bad_schema/)
    assert.match(await ask({ format: { type: 'grammar', grammar: 'this ::: is none' } }), /^bad_grammar/)
    assert.match(await ask({ maxTokens: -1 }), /^bad_request/)
    assert.equal(await ask({}), 'answered')
    assert.equal(core.loads().filter(id => id === 'a').length, 1)
  })

  test('metrics and state on the control socket', async () => {
    await using core = await started(['a'])
    await core.complete('a')
    const agent = new Agent({ connect: { socketPath: join(core.at.env.COURANTE_SOCKETS, 'core.sock') } })
    const page = async (path: string): Promise<string> =>
      (await request(`http://core${path}`, { dispatcher: agent })).body.text()
    const metrics = await page('/metrics')
    for (const line of [
      /^courante_jobs_total\{service="llm",model="a",end="done"\} 1$/m,
      /^courante_job_wait_seconds_count\{service="llm",model="a"\} 1$/m,
      /^courante_model_load_seconds_count\{model="a"\} 1$/m,
      /^courante_first_token_seconds_count\{model="a"\} 1$/m,
      /^courante_tokens_total\{model="a",part="completion"\} \d$/m,
      /^courante_model_memory_bytes\{model="a",what="measured"\} [1-9]/m,
      /^courante_budget_bytes\{device="memory"\} [1-9]/m,
    ])
      assert.match(metrics, line)
    const state = JSON.parse(await page('/state')) as { models: { id: string }[] }
    assert.deepEqual(
      state.models.map(({ id }) => id),
      ['a'],
    )
    await agent.destroy()
  })
})
