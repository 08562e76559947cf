import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { openCapture } from './capture.ts'

test('a microphone whose sound can’t be worked on is let go, with all that was opened', async context => {
  let stopped = 0
  let closed = 0
  const track = { stop: () => stopped++ }
  stand(context, 'window', { isSecureContext: true })
  stand(context, 'navigator', {
    mediaDevices: { getUserMedia: () => Promise.resolve({ getTracks: () => [track] }) },
  })
  stand(
    context,
    'AudioContext',
    class {
      audioWorklet = { addModule: () => Promise.reject(new DOMException('gone', 'AbortError')) }
      createMediaStreamSource = () => ({})
      close = () => Promise.resolve(closed++)
    },
  )
  const result = await openCapture(
    () => undefined,
    () => undefined,
  )
  assert.deepEqual(result, { ok: false, problem: { code: 'device_busy' } })
  assert.deepEqual([stopped, closed], [1, 1])
})

/** Of the browser, for this test. */
function stand(context: TestContext, name: string, value: unknown): void {
  const original = Object.getOwnPropertyDescriptor(globalThis, name)
  Object.defineProperty(globalThis, name, { configurable: true, value })
  context.after(() => {
    if (original === undefined) Reflect.deleteProperty(globalThis, name)
    else Object.defineProperty(globalThis, name, original)
  })
}
