import { equal, match, ok } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { suite, test } from 'node:test'
import { EngineRig } from '../support/engine-rig.ts'
import { root } from '../support/our-stack.ts'
import { tempDir } from '../support/temp.ts'

const source = `
import { engineProgram } from '${root}/services/core/engine-program.ts'
import { runMain } from '${root}/lib/io.ts'

const engine = {
  load: async () => ({
    parallel: 2,
    facts: {},
    run: async job => {
      const text = 'x'.repeat(Number(job.request.prompt))
      if (job.request.maxTokens === 1) job.say({ type: 'text', text })
      return { text }
    },
  }),
}

await runMain(engineProgram(engine))
`

suite('the program around an engine', () => {
  test('what is too large for a frame fails its request with words, and the engine lives on', async () => {
    await using dir = await tempDir()
    await writeFile(join(dir.path, 'large.ts'), source)
    const program = relative(root, join(dir.path, 'large.ts'))
    const model = { id: 'large', engine: 'large', files: {}, settings: {} }
    await using rig = await EngineRig.start({ program, model })
    for (const more of [{}, { maxTokens: 1 }]) {
      const failure = await rig.failure({ kind: 'complete', prompt: '17000000', ...more })
      ok(failure.reason === 'bad_request', JSON.stringify(failure))
      match(failure.detail, /its answer has 170\d+ bytes, over the limit of 16777216: ask for less/)
    }
    equal((await rig.result({ kind: 'complete', prompt: '2' })).body['text'], 'xx')
  })
})
