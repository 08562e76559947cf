import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { test } from 'node:test'
import { request } from 'undici'
import { openAgent } from './agent.ts'
import { probeEndpoint } from './probe.ts'

const home = { HOME: '/nowhere' }

async function listening(server: Server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}

function web(answer: RequestListener) {
  const server = createHttpServer(answer)
  server.keepAliveTimeout = 1
  return listening(server)
}

for (const scheme of ['http', 'https']) {
  test(`a proxy that accepts and says nothing is not waited for without end, also for ${scheme}`, async () => {
    await using proxy = await listening(
      createServer(socket => void socket.on('error', () => undefined).resume()),
    )
    const agent = await openAgent({ http_proxy: `http://${proxy.host}` }, 200)
    try {
      await assert.rejects(request(`${scheme}://example.com/x`, { dispatcher: agent }), {
        code: 'UND_ERR_HEADERS_TIMEOUT',
      })
    } finally {
      await agent.destroy()
    }
  })
}

test('a proxy without a scheme speaks http', async () => {
  await using proxy = await web((asked, response) => response.end(asked.url))
  const agent = await openAgent({ HTTP_PROXY: ` ${proxy.host} ` }, 10_000)
  try {
    const { body } = await request('http://example.com/x', { dispatcher: agent })
    assert.equal(await body.text(), 'http://example.com/x')
  } finally {
    await agent.destroy()
  }
})

test('what can be no proxy is told in words, with its name and without its password', async () => {
  for (const proxy of ['socks5h://me:secret@127.0.0.1:1', 'http://', 'ftp://127.0.0.1', 'two words'])
    await assert.rejects(openAgent({ https_proxy: proxy }, 1000), {
      problem: {
        code: 'bad_proxy',
        what: 'https_proxy names no proxy that speaks http or https.',
        todo: 'Set it to HOST:PORT or to a URL, such as http://proxy.example.com:3128.',
        exit: 2,
      },
    })
})

test('an endpoint that sends without end is given up', async () => {
  await using server = await web((_, response) => {
    const more = (): void => {
      while (response.write(Buffer.alloc(64 * 1024, ' ')));
    }
    response.on('drain', more)
    more()
  })
  const signal = new AbortController().signal
  const probe = await probeEndpoint(`http://${server.host}/v1`, undefined, { env: home, signal })
  assert.deepEqual(probe, { ok: false, detail: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' })
})
