import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { identify, isAlive } from '../../lib/process-identity.ts'
import { fakeProgram } from '../../test/support/fake-program.ts'
import { tempDir } from '../../test/support/temp.ts'
import { Cards, type Ours } from './cards.ts'

const mebibyte = 2 ** 20

/** A system whose nvidia-smi is this script, with an AMD card or none. */
async function system(script: string, amd: Readonly<Record<string, string>> = {}) {
  const folder = await tempDir()
  const bin = await fakeProgram(folder.path, 'nvidia-smi', script)
  const device = join(folder.path, 'sys/class/drm/card1/device')
  await mkdir(device, { recursive: true })
  for (const [name, text] of Object.entries(amd)) await writeFile(join(device, name), text)
  return {
    path: folder.path,
    places: { program: join(bin, 'nvidia-smi'), root: folder.path, timeoutMs: 500 },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

const ours =
  (mebibytes: number, moves = 0) =>
  (): Ours => ({ bytes: mebibytes * mebibyte, moves })

const find = (at: { places: object }, env = {}): Promise<Cards> => Cards.find(env, at.places, false)

suite('the graphics cards', () => {
  test('are one device: nine tenths of what they have together', async () => {
    await using at = await system('echo "8192, 100"; echo "24576, 0"')
    assert.deepEqual((await find(at)).budget(undefined), { gpu: Math.floor(0.9 * 32_768 * mebibyte) })
  })

  test('have less for models where other programs use them', async () => {
    await using at = await system('echo "10000, 6000"')
    assert.deepEqual((await find(at)).budget(undefined), { gpu: 4000 * mebibyte })
  })

  test('are asked again when a look is old; what of it is ours is not taken for others’', async context => {
    context.mock.method(performance, 'now', () => now)
    let now = 0
    await using at = await system('cat "$0.says"')
    const says = (text: string): Promise<void> => writeFile(`${at.places.program}.says`, text)
    await says('10000, 0')
    const cards = await find(at)
    await says('10000, 7000')
    now = 3000
    await cards.refresh(() => undefined)
    assert.deepEqual(cards.budget(undefined), { gpu: 9000 * mebibyte }, 'while one is loaded, nobody knows')
    await cards.refresh(ours(5000))
    assert.deepEqual(cards.budget(undefined), { gpu: 8000 * mebibyte })
    await says('no devices were found')
    now = 6000
    await cards.refresh()
    assert.deepEqual(cards.budget(undefined), { gpu: 8000 * mebibyte }, 'no answer leaves all as it was')
    await says('10000, 0')
    now = 9000
    await cards.refresh()
    assert.deepEqual(cards.budget(undefined), { gpu: 8000 * mebibyte }, 'it is left alone for a minute')
    now = 70_000
    await cards.refresh()
    assert.deepEqual(cards.budget(undefined), { gpu: 9000 * mebibyte })
  })

  test('whose driver answers while an engine of ours comes or goes keep their budget, and are asked again', async context => {
    context.mock.method(performance, 'now', () => now)
    let now = 0
    await using at = await system('cat "$0.says"')
    const says = (text: string): Promise<void> => writeFile(`${at.places.program}.says`, text)
    await says('10000, 0')
    const cards = await find(at)
    const budget = cards.budget(undefined)
    await says('10000, 4000')
    now = 3000
    // One of 4000 MiB came after the question, or another of the same size came for one that went.
    for (const after of [ours(4000, 1)(), ours(0, 2)(), undefined]) {
      const answers = [ours(0)(), after]
      await cards.refresh(() => answers.shift())
      assert.deepEqual(cards.budget(undefined), budget)
    }
    await cards.refresh(ours(1000))
    assert.deepEqual(cards.budget(undefined), { gpu: 7000 * mebibyte })
  })

  test('whose driver does not answer at first are asked again, where their device is', async context => {
    context.mock.method(performance, 'now', () => now)
    let now = 0
    await using at = await system('cat "$0.says"')
    await mkdir(join(at.path, 'dev'))
    await writeFile(join(at.path, 'dev/nvidiactl'), '')
    const cards = new Cards({}, at.places, false)
    assert.equal(cards.unknown, true)
    await cards.refresh()
    assert.deepEqual([cards.budget(undefined), cards.possible, cards.unknown], [{}, true, false])
    await writeFile(`${at.places.program}.says`, '10000, 0')
    now = 61_000
    await cards.refresh()
    assert.deepEqual(cards.budget(undefined), { gpu: 9000 * mebibyte })
  })

  test('whose driver hangs are given up, with what it has started', async () => {
    await using at = await system('sleep 600 & echo $! > "$0.pid"; wait')
    await find(at)
    const child = identify(Number(await readFile(`${at.places.program}.pid`, 'utf8')))
    while (child !== undefined && isAlive(child)) await new Promise(resolve => setImmediate(resolve))
  })

  test('are waited for by nobody after core has ended', async () => {
    await using at = await system('echo there > "$0.ran"; exec sleep 600')
    const cards = new Cards({}, { ...at.places, timeoutMs: 2 ** 30 }, false)
    const answer = cards.refresh()
    cards.close()
    await answer
    assert.deepEqual(cards.budget(undefined), {})
  })

  test('have the budget that the user says', async () => {
    await using at = await system('echo "8192, 100"')
    assert.deepEqual((await find(at)).budget(3e9), { gpu: 3e9 })
  })

  for (const [what, script] of [
    ['fails', 'echo "8192, 100"; exit 9'],
    ['hangs', 'exec sleep 60'],
    ['talks nonsense', 'echo "NVIDIA-SMI has failed"; echo "-5, x"; echo "1,2,3"; echo "[N/A], [N/A]"'],
    ['says nothing', ':'],
  ] as const)
    test(`are none where nvidia-smi ${what}, whatever the user says`, async () => {
      await using at = await system(script)
      const cards = await find(at)
      assert.deepEqual([cards.budget(undefined), cards.budget(3e9), cards.shared], [{}, {}, false])
      await cards.refresh()
    })

  test('are none without nvidia-smi, and with COURANTE_GPU=off, which asks nobody', async () => {
    await using at = await system('echo "8192, 100"; touch "$0.ran"')
    const missing = { places: { ...at.places, program: join(at.path, 'no-such-program') } }
    assert.deepEqual((await find(missing)).budget(undefined), {})
    assert.deepEqual((await find(at, { COURANTE_GPU: 'off' })).budget(undefined), {})
    assert.equal(existsSync(`${at.places.program}.ran`), false)
  })

  test('of AMD are those with memory of their own', async () => {
    const files = (total: number) => ({
      mem_info_vram_total: `${total}\n`,
      mem_info_vram_used: '1000000000\n',
    })
    await using own = await system('exit 1', files(16e9))
    await using builtIn = await system('exit 1', files(512e6))
    assert.deepEqual((await find(own)).budget(undefined), { gpu: 0.9 * 16e9 })
    assert.deepEqual((await find(builtIn)).budget(undefined), {})
  })

  test('of Apple have no memory of their own', async () => {
    const cards = await Cards.find({}, { program: '/nowhere' }, true)
    assert.deepEqual([cards.budget(undefined), cards.budget(3e9), cards.shared], [{}, {}, true])
  })
})
