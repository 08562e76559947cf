import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'

/** Core's own socket, `core.sock` beside the others: `GET /metrics` for Prometheus, `GET /state` as core.json has it. */
export async function openControl(
  sockets: string,
  pages: Readonly<Record<string, { readonly type: string; readonly text: () => Promise<string> }>>,
): Promise<AsyncDisposable> {
  const path = join(sockets, 'core.sock')
  const server = createServer((request, response) => {
    const page = request.method === 'GET' ? pages[request.url ?? ''] : undefined
    if (page === undefined) {
      response.writeHead(404).end()
      return
    }
    page.text().then(
      text => response.writeHead(200, { 'content-type': page.type }).end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  await rm(path, { force: true })
  server.listen(path)
  await once(server, 'listening')
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await rm(path, { force: true })
    },
  }
}
