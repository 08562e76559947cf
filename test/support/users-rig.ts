import assert from 'node:assert/strict'
import { ask, type Answer, type Asked } from './api-rig.ts'
import { Spawned } from './spawned.ts'
import { tempDir } from './temp.ts'

export const password = 'correct horse battery'

export interface UsersRig extends AsyncDisposable {
  readonly home: string
  readonly url: string
  readonly backend: Spawned
  /** The token of the link for the first user. */
  readonly firstToken: string
  call(method: string, path: string, asked?: Asked): Promise<Answer>
  /** As a browser on our own page: its origin, and its cookie if it has one. */
  browse(method: string, path: string, body?: unknown, cookie?: string): Promise<Answer>
  /** `courante users …` on this home. Resolves with what it printed; fails the test for another exit code. */
  users(words: readonly string[], exitCode?: number, stdin?: string): Promise<{ out: string; err: string }>
  /** Logged in: the cookie. */
  logIn(name: string): Promise<string>
}

/** The real backend in a process of its own, in accounts mode on loopback. */
export async function usersRig(
  options: { listen?: string; env?: Record<string, string> } = {},
): Promise<UsersRig> {
  await using cleanup = new AsyncDisposableStack()
  const home = cleanup.use(await tempDir()).path
  const env = { COURANTE_HOME: home, COURANTE_SOCKETS: home, PORT: '0', ...options.env }
  const backend = cleanup.use(
    new Spawned('services/backend/main.ts', [], { ...env, COURANTE_LISTEN: options.listen ?? '127.0.0.1' }),
  )
  const [, url = ''] = await backend.saw(/^backend listening on (http:\/\/\S+)$/m)
  const [, firstToken = ''] = await backend.saw(/^\S+\/welcome#([\w-]{43})$/m)
  const call = (method: string, path: string, asked: Asked = {}): Promise<Answer> =>
    ask(`${url}${path}`, method, asked)
  const browse: UsersRig['browse'] = (method, path, body, cookie) =>
    call(method, path, {
      ...(body === undefined ? {} : { body }),
      headers: { origin: url, ...(cookie === undefined ? {} : { cookie }) },
    })
  const all = cleanup.move()
  return {
    home,
    url,
    backend,
    firstToken,
    call,
    browse,
    users: async (words, exitCode = 0, stdin) => {
      await using program = new Spawned('scripts/users.ts', [...words], env)
      program.child.stdin?.end(stdin ?? '')
      assert.equal(await program.ended(), exitCode, program.stderr)
      return { out: program.stdout, err: program.stderr }
    },
    logIn: async name => {
      const answer = await browse('POST', '/api/login', { name, password })
      assert.equal(answer.status, 200, answer.text)
      return cookieOf(answer)
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** What a browser would send back to /api. */
export function cookieOf({ headers }: Answer): string {
  const cookie = [headers['set-cookie']].flat().find(cookie => cookie?.includes('Path=/api;'))
  return cookie?.split(';')[0] ?? ''
}
