import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { followChanges } from './changes.ts'

/** A connection of a network that has died: nothing comes, and closing it ends never. */
class DeadSocket extends EventTarget {
  static readonly all: DeadSocket[] = []
  closed = false

  constructor() {
    super()
    DeadSocket.all.push(this)
  }

  close(): void {
    this.closed = true
  }
}

test('a connection that says nothing is given up at once, without waiting until it has closed', context => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  stand(context, 'WebSocket', DeadSocket)
  stand(context, 'window', new EventTarget())
  stand(context, 'document', new EventTarget())
  const life = new AbortController()
  const told: boolean[] = []
  followChanges('ws://server/api/changes', life.signal, heard => told.push(heard))
  const [first] = DeadSocket.all
  first?.dispatchEvent(new Event('open'))
  context.mock.timers.tick(40_000)
  assert.equal(first?.closed, true)
  context.mock.timers.tick(200)
  assert.equal(DeadSocket.all.length, 2)
  // The second one isn't heard of either, and now it is told.
  context.mock.timers.tick(40_000)
  assert.deepEqual(told, [true, false])
  // What the first one says in the end concerns nobody.
  first?.dispatchEvent(new Event('open'))
  first?.dispatchEvent(new Event('close'))
  assert.deepEqual(told, [true, false])
  life.abort()
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
