import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { freePort } from '../test/support/free-port.ts'
import { runningServers, usualServers } from './servers.ts'

const never = new AbortController().signal
/** On a machine that has much else to do. */
const ample = 60_000

/** Something that listens on the loopback; `url` is what a server of models would have. */
async function listener(answer: RequestListener) {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const listOf = (...ids: string[]) => JSON.stringify({ object: 'list', data: ids.map(id => ({ id })) })

suite('a program that serves models', () => {
  test('is found with the names of its models; those that only embed are left out', async () => {
    const asked: (string | undefined)[] = []
    await using ollama = await listener((request, response) => {
      asked.push(request.url)
      response.end(listOf('qwen3:4b', 'nomic-embed-text', 'llama3.2'))
    })
    assert.deepEqual(await runningServers([{ program: 'Ollama', url: ollama.url }], never, ample), [
      { program: 'Ollama', url: ollama.url, models: ['qwen3:4b', 'llama3.2'] },
    ])
    assert.deepEqual(asked, ['/v1/models'])
  })

  test('keeps its place among the others, whoever answers first', async () => {
    await using one = await listener((_, response) => response.end(listOf('a')))
    await using two = await listener((_, response) => response.end(listOf('b')))
    const closed = `http://127.0.0.1:${await freePort()}/v1`
    const found = await runningServers(
      [
        { program: 'Ollama', url: one.url },
        { program: 'LM Studio', url: closed },
        { program: 'llama-server', url: two.url },
      ],
      never,
      ample,
    )
    assert.deepEqual(
      found.map(({ program }) => program),
      ['Ollama', 'llama-server'],
    )
  })

  for (const [what, answer] of [
    ['answers with something else', (_, response) => response.end('<html>')],
    ['has no models', (_, response) => response.end(listOf())],
    ['wants a key', (_, response) => response.writeHead(401).end(listOf('a'))],
    ['sends far too much', (_, response) => response.end(listOf('a'.repeat(2_000_000)))],
    ['hangs up', request => request.socket.destroy()],
    ['never answers', () => undefined],
    [
      'never ends its answer',
      (_, response) => {
        response.write('{')
      },
    ],
  ] as [string, RequestListener][]) {
    test(`is passed over if it ${what}`, async () => {
      await using server = await listener(answer)
      assert.deepEqual(await runningServers([{ program: 'llama-server', url: server.url }], never), [])
    })
  }

  test('is not waited for after a signal', async () => {
    const abort = new AbortController()
    await using server = await listener(() => abort.abort(new Error('enough')))
    await assert.rejects(runningServers([{ program: 'Ollama', url: server.url }], abort.signal), /enough/)
  })
})

suite('where Ollama is asked', () => {
  for (const [host, url] of [
    [undefined, 'http://127.0.0.1:11434/v1'],
    ['', 'http://127.0.0.1:11434/v1'],
    ['127.0.0.1:5000', 'http://127.0.0.1:5000/v1'],
    [':5000', 'http://127.0.0.1:5000/v1'],
    ['localhost', 'http://localhost:11434/v1'],
    ['0.0.0.0', 'http://127.0.0.1:11434/v1'],
    ['0.0.0.0:80', 'http://127.0.0.1/v1'],
    ['http://[::]:5000/', 'http://127.0.0.1:5000/v1'],
    ['[::1]:5000', 'http://[::1]:5000/v1'],
    ['https://localhost', 'https://localhost/v1'],
    ['192.168.1.5:11434', 'http://127.0.0.1:11434/v1'],
    ['models.example', 'http://127.0.0.1:11434/v1'],
    ['no host at all', 'http://127.0.0.1:11434/v1'],
  ] as const) {
    test(`OLLAMA_HOST ${host === undefined ? 'that is not set' : `"${host}"`}: ${url}`, () => {
      assert.equal(usualServers({ OLLAMA_HOST: host })[0]?.url, url)
    })
  }
})
