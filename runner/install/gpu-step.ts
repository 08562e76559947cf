import type { Io } from '../../lib/io.ts'
import type { Problem } from '../../lib/problem.ts'
import { linkGpuRuntime } from './gpu-runtime.ts'
import type { Seen } from './look.ts'
import type { ProgressLine } from './progress.ts'
import { factsOf, type Step } from './step.ts'

type GpuStep = Extract<Step, { type: 'gpu_runtime' }>

/** Offered where a graphics card is; nothing depends on it. */
export function planGpu({ gpu, environment }: Seen): GpuStep[] {
  if (gpu?.type !== 'wanted') return []
  const { kind, packages, missing } = gpu
  return [{ type: 'gpu_runtime', kind, packages, missing, dir: environment.dir, optional: true }]
}

/** Downloads what is missing, then links it all. */
export async function installGpuRuntime(
  step: GpuStep,
  io: Io,
  progress: Pick<ProgressLine, 'update' | 'note'>,
): Promise<Problem | undefined> {
  const { missing, packages, dir } = step
  const total = factsOf(step).bytes ?? 0
  let before = 0
  for (const model of missing) {
    const { fetchModel } = await import('../../models/fetch.ts')
    const problem = await fetchModel(model, {
      modelsDir: model.base,
      env: io.env,
      cwd: dir,
      signal: io.signal,
      onProgress: bytes => progress.update(before + bytes, total),
      onNotice: progress.note,
    })
    if (problem !== undefined) return problem
    before += model.from.bytes
  }
  await linkGpuRuntime(packages, dir)
  return undefined
}
