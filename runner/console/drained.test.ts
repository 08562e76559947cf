import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { suite, test } from 'node:test'
import { drained } from './drained.ts'

suite('waiting for a slow reader', () => {
  test('ends when it reads on, fails, is closed, or is not waited for any more', async () => {
    await drained(slow().stream)
    const ends: ((it: ReturnType<typeof slow>, abort: AbortController) => void)[] = [
      it => it.readOn(),
      it => it.stream.destroy(),
      it => it.stream.destroy(new Error('EIO')),
      (_it, abort) => abort.abort(),
    ]
    for (const end of ends) {
      const it = slow()
      it.stream.on('error', () => undefined)
      it.stream.write('too much')
      const abort = new AbortController()
      const waiting = drained(it.stream, abort.signal)
      end(it, abort)
      await waiting
      assert.equal(it.stream.listenerCount('drain'), 0)
    }
  })
})

function slow() {
  let readOn: () => void = () => undefined
  const stream = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => {
      readOn = () => done()
    },
  })
  return { stream, readOn: () => readOn() }
}
