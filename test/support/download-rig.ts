import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fetchModel, type FetchOptions } from '../../models/fetch.ts'
import type { Model } from '../../models/model.ts'
import { type HostileServer, startHostileServer } from './hostile-server.ts'
import { tempDir } from './temp.ts'

export interface DownloadRig extends AsyncDisposable {
  readonly server: HostileServer
  readonly modelsDir: string
  readonly model: (changes?: Partial<{ url: string; sha256: string | undefined; bytes: number }>) => Model
  readonly fetch: (model?: Model, options?: Partial<FetchOptions>) => ReturnType<typeof fetchModel>
  /** What was told meanwhile. */
  readonly notices: string[]
  /** What `onProgress` was given. */
  readonly progress: number[]
  /** The model's file, or undefined if it is not there under its name. */
  readonly final: () => Buffer | undefined
  /** Names in the folder of partial downloads. */
  readonly partials: () => string[]
}

/** A model of one file, and the server that has it. Pauses are short, and nothing of this machine's environment counts. */
export async function downloadRig(bytes: number, at?: string): Promise<DownloadRig> {
  const folder = await tempDir()
  const server = await startHostileServer(randomBytes(bytes))
  const modelsDir = at ?? folder.path
  const notices: string[] = []
  const progress: number[] = []
  const rig: DownloadRig = {
    server,
    modelsDir,
    notices,
    progress,
    model: changes => {
      const { url, sha256, bytes } = {
        url: server.file,
        sha256: server.sha256,
        bytes: server.content.length,
        ...changes,
      }
      const from = { url, bytes, ...(sha256 === undefined ? {} : { sha256 }) }
      const [base, place] = [modelsDir, join(modelsDir, 'm')]
      return {
        id: 'm',
        why: 'for tests',
        licence: 'MIT',
        from,
        base,
        folder: place,
        files: [{ path: 'model.gguf' }],
      }
    },
    fetch: (model = rig.model(), options) =>
      fetchModel(model, {
        modelsDir,
        env: { HOME: modelsDir },
        cwd: modelsDir,
        signal: new AbortController().signal,
        onProgress: now => progress.push(now),
        onNotice: sentence => notices.push(sentence),
        pauseMs: 1,
        stallMs: 20_000,
        ...options,
      }),
    final: () => {
      const path = join(modelsDir, 'm/model.gguf')
      return existsSync(path) ? readFileSync(path) : undefined
    },
    partials: () =>
      existsSync(join(modelsDir, '.partial')) ? readdirSync(join(modelsDir, '.partial')).sort() : [],
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
  return rig
}
