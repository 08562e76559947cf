import assert from 'node:assert/strict'
import { test } from 'node:test'
import { join } from 'node:path'
import { courante } from '../support/courante.ts'
import { OurStack, root } from '../support/our-stack.ts'
import { cannotTrace, traceNetwork } from '../support/strace.ts'
import { tempDir } from '../support/temp.ts'

const skip = cannotTrace()
const isElsewhere = (address: string): boolean => !/^(127\.|::1$|::ffff:127\.)/.test(address)

test('offline, a download opens no socket at all, and says why nothing came', { skip }, async () => {
  await using folder = await tempDir()
  const env = { ...process.env, COURANTE_MODELS: join(folder.path, 'models') }
  for (const words of [
    ['models', 'pull', 'qwen3-0.6b', '--offline', '--yes'],
    ['models', 'pull', 'moonshine-base', '--offline', '--yes'],
    ['models', 'add', 'https://huggingface.co/Qwen/Qwen3-0.6B-GGUF', '--offline', '--yes'],
    ['models', 'add', 'https://models.example.invalid/x.gguf', '--offline', '--yes'],
  ]) {
    const traced = await traceNetwork([join(root, 'courante'), ...words], {
      cwd: root,
      env,
      folder: folder.path,
    })
    assert.equal(traced.exitCode, 1, traced.all)
    assert.match(traced.all, /OFFLINE|offline/)
    assert.deepEqual([...traced.spokenTo, ...traced.bound], [], words.join(' '))
  }
})

test(
  'up --offline: the whole stack comes up, and nobody but this machine is spoken to',
  { skip },
  async () => {
    await using stack = await OurStack.make()
    await using folder = await tempDir()
    const words = ['up', '--offline', '-d', '--stack', stack.file]
    const up = traceNetwork([join(root, 'courante'), ...words], {
      cwd: root,
      env: { ...process.env, ...stack.env },
      folder: folder.path,
    })
    await stack.ready()
    const home = { COURANTE_HOME: stack.home, ...stack.env }
    const asked = await courante(['ask', 'Hello'], home)
    assert.equal(asked.exitCode, 0, asked.all)
    const down = await courante(['down', '--stack', stack.file], stack.env)
    assert.equal(down.exitCode, 0, down.all)
    const { exitCode, all, spokenTo, bound } = await up
    assert.equal(exitCode, 0, all)
    assert.ok(spokenTo.length > 0, 'its own ports were seen, so the trace sees something')
    assert.deepEqual(spokenTo.filter(isElsewhere), [])
    // vite looks whether its port is free on all addresses, and lets go of them again.
    const wildcards = ['0.0.0.0', '::']
    const elsewhere = bound.filter(address => isElsewhere(address) && !wildcards.includes(address))
    assert.deepEqual(elsewhere, [])
  },
)
