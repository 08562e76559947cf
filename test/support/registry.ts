import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { create } from 'tar'

/** What the registry does with the next download of the tarball (`404`: with the question for the package). */
export type RegistryMode = 'ok' | 'wrong' | 'truncated' | 'stall' | 'close' | '404'

export interface TestRegistry extends AsyncDisposable {
  mode: RegistryMode
  readonly url: string
  /** Also served as `/plain.bin`, for downloads that are no archive. */
  readonly tarball: {
    readonly url: string
    readonly bytes: number
    readonly integrity: string
    readonly sha256: string
  }
  /** For the environment of a program that asks npm. */
  readonly env: Record<string, string>
  /** Paths asked for, in order. */
  readonly requests: readonly string[]
  /** Resolves when a download has been brought to a halt half way (mode `stall`). */
  stalled(): Promise<void>
}

export interface TestPackage {
  readonly name: string
  readonly version: string
  /** Paths inside the package. */
  readonly files: Readonly<Record<string, Buffer>>
}

/** A registry of one package on loopback, which npm takes for a real one. */
export async function startRegistry(pack: TestPackage): Promise<TestRegistry> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'courante-registry-'))
  const tarball = await makeTarball(folder.path, pack)
  const halted = Promise.withResolvers<void>()
  const requests: string[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/')
    // Whether it is there is asked before the question; that is no download.
    if (request.method !== 'HEAD') requests.push(path)
    if (path === '/tarball.tgz' || path === '/plain.bin')
      sendTarball(response, tarball, registry.mode, halted.resolve)
    else if (path === `/${pack.name}` && registry.mode !== '404') sendJson(response, 200, packument())
    else sendJson(response, 404, { error: 'not found' })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
  const packument = () => ({
    name: pack.name,
    'dist-tags': { latest: pack.version },
    versions: {
      [pack.version]: {
        name: pack.name,
        version: pack.version,
        dist: { tarball: `${url}/tarball.tgz`, integrity },
      },
    },
  })
  const registry: TestRegistry = {
    mode: 'ok',
    url,
    tarball: {
      url: `${url}/tarball.tgz`,
      bytes: tarball.length,
      integrity,
      sha256: createHash('sha256').update(tarball).digest('hex'),
    },
    env: {
      npm_config_registry: url,
      npm_config_cache: join(folder.path, 'cache'),
      npm_config_userconfig: join(folder.path, 'npmrc'),
      npm_config_update_notifier: 'false',
    },
    requests,
    stalled: () => halted.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await folder.remove()
    },
  }
  return registry
}

async function makeTarball(folder: string, pack: TestPackage): Promise<Buffer> {
  const files = {
    'package.json': Buffer.from(JSON.stringify({ name: pack.name, version: pack.version })),
    ...pack.files,
  }
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, 'package', path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
  await create({ file: join(folder, 'tarball.tgz'), cwd: folder, gzip: true, portable: true }, ['package'])
  return readFile(join(folder, 'tarball.tgz'))
}

function sendTarball(
  response: ServerResponse,
  tarball: Buffer,
  mode: RegistryMode,
  onHalt: () => void,
): void {
  const half = tarball.subarray(0, tarball.length >> 1)
  switch (mode) {
    case 'wrong': {
      const wrong = Buffer.from(tarball)
      wrong.writeUInt8(wrong.readUInt8(wrong.length >> 1) ^ 1, wrong.length >> 1)
      response.writeHead(200, { 'content-length': wrong.length }).end(wrong)
      return
    }
    case 'truncated':
      response.writeHead(200, { 'content-length': tarball.length })
      response.write(half, () => response.destroy())
      return
    case 'stall':
      response.writeHead(200, { 'content-length': tarball.length })
      response.write(half, onHalt)
      return
    case 'close':
      response.destroy()
      return
    default:
      response.writeHead(200, { 'content-length': tarball.length }).end(tarball)
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
