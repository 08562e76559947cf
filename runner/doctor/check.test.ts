import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { ProblemError } from '../../lib/problem.ts'
import { messages } from '../messages.ts'
import { lookFor } from './check.ts'
import { proxies } from './network.ts'

suite('one look of doctor', () => {
  test('a problem is a finding, with its own words', async () => {
    const problem = messages.stackMissing('/x/stack.yaml')
    const [check] = await lookFor('stack', 'stack_file', () => Promise.reject(new ProblemError(problem)))
    assert.deepEqual(check, {
      id: 'stack_file',
      group: 'stack',
      state: 'fail',
      found: problem.what,
      mend: problem.todo,
    })
  })

  test('a path that can not be read is a finding', async () => {
    const [check] = await lookFor('stack', 'home', () => {
      readFileSync('/proc/self/none')
      return []
    })
    assert.match(check?.found ?? '', /^\/proc\/self\/none can't be looked at \(ENOENT\)/)
  })

  test('a bug of ours is thrown', async () => {
    const bug = (): never => {
      throw new TypeError('no such method')
    }
    await assert.rejects(lookFor('stack', 'home', bug), TypeError)
  })
})

test('proxies are told without the passwords in them, and what is no URL is broken', () => {
  const found = proxies({
    http_proxy: 'http://me:secret@proxy:3128/',
    HTTPS_PROXY: 'proxy',
    no_proxy: 'localhost,.lan',
    COURANTE_MIRROR: 'huggingface.co=https://u:p@mirror/hf',
  })
  assert.deepEqual(
    found.map(({ state, found }) => `${state} ${found}`),
    [
      'ok http_proxy=http://***@proxy:3128',
      'fail HTTPS_PROXY is no URL.',
      'ok no_proxy=localhost,.lan',
      'ok COURANTE_MIRROR=huggingface.co=https://***@mirror/hf',
    ],
  )
})
