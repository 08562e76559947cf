import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { eventLine, seconds } from './event-lines.ts'
import type { EventBody } from './events.ts'
import { keyOf } from './keys.ts'
import { startOrder } from './order.ts'
import { shellLine } from './spawn.ts'
import type { Service } from '../stack/model.ts'

suite('supervisor: small decisions', () => {
  test('an event line is one line that starts by resetting colours', () => {
    const exit: EventBody = {
      type: 'service_exited',
      service: 'backend',
      code: 1,
      afterMs: 3210,
      lastLines: [],
      restartInMs: 500,
    }
    const line = eventLine({ at: 0, ...exit }) ?? ''
    assert.ok(line.startsWith('\x1b[0m\x1b[31m'))
    assert.equal(
      stripVTControlCharacters(line),
      '✕ backend exited with code 1 after 3.2 s; starts again in 0.5 s\n',
    )
    assert.deepEqual([45, 100, 3210, 125_000].map(seconds), ['45 ms', '0.1 s', '3.2 s', '2 min 5 s'])
  })

  test('keys count in upper and lower case, others not', () => {
    assert.deepEqual(['q', 'Q', 'R', 'p', 'x', '\n', ''].map(keyOf), [
      'q',
      'q',
      'r',
      'p',
      undefined,
      undefined,
      undefined,
    ])
  })

  test('only a simple command gets exec', () => {
    assert.equal(shellLine('npm run dev -- --host "a b"'), 'exec npm run dev -- --host "a b"')
    assert.equal(shellLine('./serve $PORT'), 'exec ./serve $PORT')
    for (const line of ['cd web && npm run dev', 'A=1 npm start', 'if true; then x; fi', 'a | b', 'exec x'])
      assert.equal(shellLine(line), line)
  })

  test('services are ordered by what they depend on; a cycle is a bug here', () => {
    const services = (edges: Record<string, string[]>): Record<string, Service> =>
      Object.fromEntries(
        Object.entries(edges).map(([name, dependsOn]) => [name, { dependsOn } as unknown as Service]),
      )
    assert.deepEqual(startOrder(services({ web: ['backend'], backend: ['core'], core: [] })), [
      'core',
      'backend',
      'web',
    ])
    assert.throws(() => startOrder(services({ a: ['b'], b: ['a'] })), /depends on itself/)
    assert.throws(() => startOrder(services({ a: ['b'] })), /no service b/)
  })
})
