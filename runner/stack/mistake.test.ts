import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { expectation } from './mistake.ts'
import { stackSchema } from './schema.ts'

suite('a mistake in a stack file, in plain words', () => {
  const cases: [yaml: string, key: string, words: string][] = [
    ['port: 99999', 'port', 'expected at most 65535'],
    ['port: 0', 'port', 'expected at least 1'],
    ['port: 80.5', 'port', 'expected a whole number, and this is 80.5'],
    ['port: high', 'port', 'expected a number, and this is "high"'],
    ['port: ', 'port', 'expected a number, and this is empty'],
    ['cwd: 3', 'cwd', "expected text, and this is 3; put it in quotes: '3'"],
    ['cwd: [a]', 'cwd', 'expected text, and this is a list'],
    ['depends_on: db', 'depends_on', 'expected a list, and this is "db"'],
    ['oneshot: "yes"', 'oneshot', 'expected true or false, and this is "yes"'],
    ['restart: often', 'restart', 'expected one of always, on-failure, never, and this is "often"'],
    ['code: [""]', 'code.0', 'expected some text, and this is empty'],
    ['env: 3', 'env', 'expected keys with values, and this is 3'],
    ['memory_limit: much', 'memory_limit', 'a size such as 512MB or 2GiB'],
    [
      'ready: { line: x }',
      'ready',
      'one of: log: <text or regular expression>, tcp: <port>, http: </path or URL>, exec: <shell command>',
    ],
  ]
  for (const [yaml, key, words] of cases) {
    test(`${yaml} → ${words}`, () => {
      const service: unknown = parse(yaml)
      const found = mistakes({ name: 'x', services: { a: { command: 'run', ...(service as object) } } })
      assert.deepEqual(found, [`services.a.${key}: ${words}`])
    })
  }

  const whole: [yaml: string, found: string][] = [
    ['{ name: x, services: { a: } }', 'services.a: expected keys with values, and this is empty'],
    [
      '{ name: x, services: { A: { command: x } } }',
      'services.A: a name of small letters, digits and hyphens, such as web-server',
    ],
    ['{ name: x, services: { a: { command: x } }, version: 2 }', 'version: expected 1, and this is 2'],
    [
      '{ name: x, services: { a: { command: x } }, console: { panes: [] } }',
      'console.panes: expected at least one entry',
    ],
    [
      '{ name: x, services: { a: { command: x } }, console: { panes: [a, b, c] } }',
      'console.panes: expected at most 2 entries',
    ],
  ]
  for (const [yaml, found] of whole) {
    test(`${yaml} → ${found}`, () => assert.deepEqual(mistakes(parse(yaml)), [found]))
  }
})

function mistakes(value: unknown): string[] {
  const parsed = stackSchema.safeParse(value, { error: expectation })
  assert.ok(!parsed.success)
  return parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}
