import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { ApiError, call, onLoggedOut, refusalIn } from './api.ts'

const { fetch } = globalThis
afterEach(() => {
  globalThis.fetch = fetch
})

const answers = (body: string, status: number, type: string): void => {
  globalThis.fetch = () => Promise.resolve(new Response(body, { status, headers: { 'content-type': type } }))
}

test('an answer that broke off is none', async () => {
  answers('{"a', 200, 'application/json')
  await assert.rejects(call('GET', '/api/rooms'), isNoAnswer)
  answers('{"a', 503, 'application/problem+json')
  await assert.rejects(call('GET', '/api/rooms'), isNoAnswer)
  answers('<html>', 502, 'text/html')
  await assert.rejects(call('GET', '/api/rooms'), isNoAnswer)
})

test('a 401 is told to the page, whoever has met it', async () => {
  let told = 0
  const end = onLoggedOut(() => told++)
  const problem = JSON.stringify({ code: 'not_logged_in', title: 'log in', status: 401 })
  answers(problem, 401, 'application/problem+json')
  await assert.rejects(call('GET', '/api/rooms'), ApiError)
  refusalIn('application/problem+json', problem)
  end()
  refusalIn('application/problem+json', problem)
  assert.equal(told, 2)
})

function isNoAnswer(error: unknown): boolean {
  return error instanceof ApiError && error.problem.code === 'no_answer'
}
