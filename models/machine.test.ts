import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { tempDir } from '../test/support/temp.ts'
import { freeSpace, lookAtMachine, measureGpus } from './machine.ts'

/** The files of a system that tell of its graphics cards. */
async function system(files: Readonly<Record<string, string>>) {
  const folder = await tempDir()
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true })
    await writeFile(join(folder.path, path), content)
  }
  return folder
}

const card = (number: number, vendor: string) => ({
  [`sys/class/drm/card${number}/device/vendor`]: `${vendor}\n`,
})
const never = new AbortController().signal

suite('a look at the machine', () => {
  test('finds cards by their makers, with the memory that the system tells', async () => {
    await using at = await system({
      ...card(0, '0x8086'),
      ...card(1, '0x1002'),
      'sys/class/drm/card1/device/mem_info_vram_total': '17163091968\n',
      ...card(2, '0x10de'),
      ...card(3, '0x1234'),
      'sys/class/drm/card0-HDMI-A-1/status': 'connected\n',
      'sys/class/drm/renderD128/device/vendor': '0x8086\n',
    })
    assert.deepEqual(lookAtMachine(at.path).gpus, [
      { vendor: 'intel', memory: undefined },
      { vendor: 'amd', memory: 17_163_091_968 },
      { vendor: 'nvidia', memory: undefined },
    ])
  })

  test('finds an NVIDIA card that has no screen by its driver', async () => {
    await using server = await system({ 'proc/driver/nvidia/gpus/0000:01:00.0/information': '' })
    await using container = await system({ 'dev/nvidiactl': '' })
    for (const { path } of [server, container])
      assert.deepEqual(lookAtMachine(path).gpus, [{ vendor: 'nvidia', memory: undefined }])
  })

  test('finds none where there is none', async () => {
    await using nothing = await system({})
    assert.deepEqual(lookAtMachine(nothing.path).gpus, [])
  })

  test('leaves a quarter of the memory to the rest', () => {
    const { memory, budget, cores } = lookAtMachine()
    assert.equal(budget, Math.floor(memory * 0.75))
    assert.ok(cores >= 1)
  })
})

suite('the memory of NVIDIA cards', () => {
  const seen = [
    { vendor: 'nvidia', memory: undefined },
    { vendor: 'intel', memory: undefined },
  ] as const

  const smi = async (script: string) => {
    const at = await system({ 'nvidia-smi': `#!/bin/sh\n${script}\n` })
    await chmod(join(at.path, 'nvidia-smi'), 0o755)
    return { program: join(at.path, 'nvidia-smi'), [Symbol.asyncDispose]: () => at[Symbol.asyncDispose]() }
  }

  test('is what their own program says, a line each', async () => {
    await using at = await smi('echo 8192; echo 24564')
    assert.deepEqual(await measureGpus(seen, never, at.program), [
      { vendor: 'nvidia', memory: 8192 * 2 ** 20 },
      { vendor: 'nvidia', memory: 24_564 * 2 ** 20 },
      { vendor: 'intel', memory: undefined },
    ])
  })

  test('is not known of one that shares the memory of the machine', async () => {
    await using at = await smi("echo '[N/A]'")
    assert.deepEqual(await measureGpus(seen, never, at.program), [...seen])
  })

  for (const [what, script] of [
    ['fails', "echo 'NVIDIA-SMI has failed: no driver'; exit 9"],
    ['hangs', 'exec sleep 60'],
  ] as const) {
    test(`a card whose program ${what} can't be used`, async () => {
      await using at = await smi(script)
      const left = [{ vendor: 'intel', memory: undefined }]
      assert.deepEqual(await measureGpus(seen, never, at.program, 500), left)
    })
  }

  test("a card without that program can't be used; without a card, nothing is started", async () => {
    assert.deepEqual(await measureGpus(seen, never, '/nowhere/nvidia-smi'), [seen[1]])
    await using at = await smi('touch "$0.ran"')
    assert.deepEqual(await measureGpus([seen[1]], never, at.program), [seen[1]])
    assert.equal(freeSpace(`${at.program}.ran`) !== undefined, true)
  })

  test('a signal ends the wait', async () => {
    await using at = await smi('exec sleep 60')
    const abort = new AbortController()
    const measured = measureGpus(seen, abort.signal, at.program)
    abort.abort(new Error('enough'))
    await assert.rejects(measured, /enough/)
  })
})

test('free space is that of the nearest folder that is there', async () => {
  await using folder = await tempDir()
  assert.ok((freeSpace(join(folder.path, 'not/there/yet')) ?? 0) > 0)
})
