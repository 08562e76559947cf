import { runMain, type Io } from '../../../lib/io.ts'
import { fetchModel } from '../../../models/fetch.ts'
import type { Model } from '../../../models/model.ts'

export interface DownloadCall {
  readonly modelsDir: string
  readonly model: Model
}

/** fetchModel as a program, for tests that kill it. Prints what it is told, then `done` or the problem. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { model, modelsDir } = JSON.parse(argv[0] ?? '') as DownloadCall
  const problem = await fetchModel(model, {
    modelsDir,
    env: { HOME: modelsDir },
    cwd: modelsDir,
    signal: io.signal,
    pauseMs: 10,
    onNotice: sentence => io.stdout.write(`${sentence}\n`),
  })
  io.stdout.write(`${problem === undefined ? 'done' : JSON.stringify(problem)}\n`)
  return problem?.exit ?? 0
}

if (import.meta.main) await runMain(run)
