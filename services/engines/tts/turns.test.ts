import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Turns } from './turns.ts'

test('turns come in the order of asking, one at a time, and one that fails is over', async () => {
  const turns = new Turns()
  const { signal } = new AbortController()
  const seen: string[] = []
  const work = (name: string) => async (): Promise<string> => {
    seen.push(`${name} begins`)
    await setImmediate()
    seen.push(`${name} ends`)
    if (name === 'b') throw new Error('no')
    return name
  }
  const [a, b, c] = ['a', 'b', 'c'].map(name => turns.take(signal, work(name)))
  await rejects(b!, /no/)
  deepEqual([await a, await c], ['a', 'c'])
  deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

test('who is cancelled is let go at once; what has begun ends before the next begins', async () => {
  const turns = new Turns()
  const abort = new AbortController()
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const cancelled = turns.take(abort.signal, () => {
    begun.resolve()
    return gate.promise
  })
  const never = turns.take(abort.signal, () => Promise.reject(new Error('it has begun')))
  let isNext = false
  const next = turns.take(new AbortController().signal, async () => void (isNext = true))
  await begun.promise
  abort.abort('cancelled')
  await rejects(cancelled, error => error === 'cancelled')
  await rejects(never, error => error === 'cancelled')
  await rejects(
    turns.take(abort.signal, async () => undefined),
    error => error === 'cancelled',
  )
  equal(isNext, false)
  gate.resolve()
  await next
})

test('what a turn made is kept by nobody, however long its signal lives', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const turns = new Turns()
  const { signal } = new AbortController()
  const made: WeakRef<object>[] = []
  for (let i = 0; i < 10; i++) {
    await turns.take(signal, async () => {
      const samples = new Float32Array(1000)
      made.push(new WeakRef(samples))
      return samples
    })
    // A weak reference holds until the task ends that made it.
    await setImmediate()
  }
  collect()
  equal(made.filter(one => one.deref() !== undefined).length, 0)
  signal.throwIfAborted()
})
