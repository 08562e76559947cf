import assert from 'node:assert/strict'
import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pieceBytes } from '../../models/download/partial.ts'
import { downloadRig } from '../support/download-rig.ts'
import { mounted, noMounts } from './mounted.ts'

const skip = noMounts()
const bytes = 60 * pieceBytes
const disk = 100e6

test(
  'a disk that fills up meanwhile ends it at once, keeps what came, and the next run goes on',
  { skip },
  async () => {
    await using mount = await mounted(disk)
    await using rig = await downloadRig(bytes, mount.path)
    rig.server.rate = 20e6
    const filler = join(mount.path, 'filler')
    let filled = false
    const problem = await rig.fetch(rig.model(), {
      onProgress: now => {
        if (filled || now < 10 * pieceBytes) return
        filled = true
        fill(filler)
      },
    })
    assert.equal(problem?.code, 'no_space')
    assert.match(problem?.todo ?? '', /goes on from what is here/)
    assert.equal(rig.final(), undefined)
    assert.ok(rig.partials().some(name => name.endsWith('.partial')))
    const [{ sent }, asked] = [rig.server, rig.server.asked.length]

    const tooLittle = await rig.fetch()
    assert.equal(tooLittle?.code, 'no_space')
    assert.equal(rig.server.asked.length, asked, 'nobody was asked')

    rmSync(filler)
    rig.server.rate = 0
    assert.equal(await rig.fetch(), undefined)
    assert.ok(rig.final()?.equals(rig.server.content))
    assert.ok(rig.server.sent - sent < bytes - 5 * pieceBytes, 'it went on')
  },
)

test("a model's folder that is another disk is filled by a copy, checked", { skip }, async () => {
  await using rig = await downloadRig(bytes)
  await using _mount = await mounted(disk * 2, join(rig.modelsDir, 'm'))
  assert.equal(await rig.fetch(), undefined)
  assert.ok(rig.final()?.equals(rig.server.content))
  assert.deepEqual(readdirSync(join(rig.modelsDir, 'm')), ['model.gguf'])
  assert.deepEqual(rig.partials(), [])
})

/** To the last byte. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (let size = 2 ** 20; size >= 512;) {
      try {
        writeSync(file, Buffer.alloc(size))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        size /= 2
      }
    }
  } finally {
    closeSync(file)
  }
}
