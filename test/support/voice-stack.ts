import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Spawned } from './spawned.ts'
import { tempDir } from './temp.ts'

/** The real backend over the real portal, with test/support/portal-engine.ts in core's place, steered by the argument. */
export async function startStack(steering: unknown, transcript?: string) {
  await using cleanup = new AsyncDisposableStack()
  const home = cleanup.use(await tempDir())
  const path = join(home.path, 'transcript.log')
  if (transcript !== undefined) await writeFile(path, transcript)
  const env = { COURANTE_HOME: home.path, COURANTE_SOCKETS: home.path, PORT: '0' }
  const startCore = async (how: unknown): Promise<Spawned> => {
    const core = new Spawned('test/support/portal-engine.ts', [JSON.stringify(how)], env)
    await core.saw(/^core ready$/m)
    return core
  }
  const core = cleanup.use(await startCore(steering))
  const backend = cleanup.use(new Spawned('services/backend/main.ts', [], env))
  const [, host = ''] = await backend.saw(/^backend listening on http:\/\/(\S+)$/m)
  const all = cleanup.move()
  return {
    home: home.path,
    transcript: path,
    core,
    backend,
    host,
    url: `ws://${host}/v1/realtime?intent=transcription`,
    startCore,
    stop: async () => {
      for (const program of [backend, core]) {
        program.child.kill('SIGTERM')
        assert.equal(await program.ended(), 0, program.stderr)
      }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}
