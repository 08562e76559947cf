import assert from 'node:assert/strict'
import { mkdir, mkdtempDisposable, readFile, readlink, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { Model } from '../../models/model.ts'
import { gpuKindFor, linkGpuRuntime, lookAtGpuRuntime, packagesOf } from './gpu-runtime.ts'
import { planGpu } from './gpu-step.ts'
import type { Seen } from './look.ts'
import { factsOf, needsConsent } from './step.ts'

const loader = '/usr/lib64/libvulkan.so.1'
const driver = '/dev/nvidiactl'
const nvidia = { vendor: 'nvidia', memory: undefined } as const
const system = (gpus: Parameters<typeof gpuKindFor>[0]['machine']['gpus'], ...there: string[]) => ({
  platform: 'linux-x64',
  machine: { gpus },
  has: (path: string) => there.includes(path),
})

const cuda = [
  driver,
  '/usr/lib64/libcudart.so.12',
  '/usr/lib64/libcublas.so.12',
  '/usr/local/cuda/targets/x86_64-linux/lib/libcublasLt.so.12',
]

test('CUDA needs a card, its own driver and CUDA’s runtime, Vulkan a card with memory of its own and the loader', () => {
  assert.equal(gpuKindFor(system([])), undefined)
  assert.equal(gpuKindFor(system([nvidia])), undefined)
  assert.equal(gpuKindFor(system([nvidia], driver)), undefined)
  assert.equal(gpuKindFor(system([nvidia], ...cuda)), 'cuda')
  assert.equal(gpuKindFor(system([nvidia], ...cuda.slice(0, -1), '/usr/lib/libcublasLt.so.13')), undefined)
  assert.equal(gpuKindFor(system([nvidia], ...cuda.slice(1))), undefined)
  assert.equal(gpuKindFor(system([nvidia], driver, loader)), undefined)
  assert.equal(gpuKindFor(system([nvidia], driver, loader, '/etc/vulkan/icd.d/nvidia_icd.json')), 'vulkan')
  assert.equal(gpuKindFor(system([{ vendor: 'amd', memory: 8e9 }], loader)), 'vulkan')
  assert.equal(gpuKindFor(system([{ vendor: 'amd', memory: 8e9 }])), undefined)
  assert.equal(gpuKindFor(system([{ vendor: 'amd', memory: 5e8 }], loader)), undefined)
  assert.equal(gpuKindFor(system([{ vendor: 'intel', memory: undefined }], loader)), undefined)
  assert.equal(gpuKindFor({ ...system([nvidia], ...cuda), platform: 'linux-arm64' }), undefined)
})

test('the table is of the version that the engines have', async () => {
  const file = join(import.meta.dirname, '../../services/engines/package.json')
  const { dependencies, overrides } = JSON.parse(await readFile(file, 'utf8')) as {
    dependencies: Record<string, string>
    overrides: Record<string, Record<string, string>>
  }
  for (const kind of ['cuda', 'vulkan'] as const) {
    for (const { id, from } of await packagesOf(kind, '/x')) {
      assert.ok('npm' in from && from.npm === `@node-llama-cpp/${id}`)
      assert.equal(from.version, dependencies['node-llama-cpp'])
      assert.ok(overrides['node-llama-cpp']?.[from.npm] !== undefined, 'npm ci would bring it to everybody')
    }
  }
})

test('what is missing is wanted, what an npm ci has undone is linked again, and off is off', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'courante-gpu-'))
  const root = folder.path
  const modules = join(root, 'services/engines/node_modules')
  const here = system([nvidia], ...cuda)
  const look = (env = {}) => lookAtGpuRuntime(root, env, here)
  assert.equal((await look()).type, 'off', 'without engines there is nobody to use it')
  const empty = join(modules, '@node-llama-cpp/linux-x64-cuda')
  const lay = async () => {
    await mkdir(join(modules, 'node-llama-cpp'), { recursive: true })
    await mkdir(empty, { recursive: true })
    await writeFile(join(empty, 'package.json'), '{}')
  }
  await lay()
  const first = await look()
  assert.ok(first.type === 'wanted' && first.kind === 'cuda')
  assert.deepEqual(
    first.missing.map(({ id }) => id),
    ['linux-x64-cuda', 'linux-x64-cuda-ext'],
  )
  assert.equal((await look({ COURANTE_GPU: 'off' })).type, 'off')
  assert.equal((await lookAtGpuRuntime(root, {}, system([nvidia], driver))).type, 'bare')
  assert.equal((await lookAtGpuRuntime(root, {}, system([nvidia], ...cuda.slice(1)))).type, 'off')

  for (const model of first.packages) await layDown(model)
  const second = await look()
  assert.ok(second.type === 'wanted' && second.missing.length === 0)
  await linkGpuRuntime(second.packages, root)
  assert.equal(await readlink(empty), join(root, '.runtime/gpu/linux-x64-cuda'))
  assert.deepEqual(await look(), { type: 'ready', kind: 'cuda' })

  await rm(modules, { recursive: true })
  await lay()
  assert.equal((await look()).type, 'wanted')
  await linkGpuRuntime(second.packages, root)
  assert.deepEqual(await look(), { type: 'ready', kind: 'cuda' })
})

test('what has to be downloaded is asked for with its size, what has only to be linked is not', async () => {
  const packages = await packagesOf('cuda', '/x')
  const step = (missing: readonly Model[]) => {
    const gpu = { type: 'wanted', kind: 'cuda', packages, missing } as const
    const [planned] = planGpu({ gpu, environment: { dir: '/x' } } as unknown as Seen)
    assert.ok(planned !== undefined)
    return planned
  }
  assert.equal(factsOf(step(packages)).bytes, 142_850_036 + 176_679_086)
  assert.equal(factsOf(step(packages)).target, '/x/.runtime/gpu')
  assert.ok(needsConsent(step(packages)))
  assert.equal(needsConsent(step([])), false)
  assert.deepEqual(planGpu({ gpu: { type: 'off' } } as unknown as Seen), [])
})

/** Files of the right sizes that take no room. */
async function layDown(model: Model): Promise<void> {
  for (const { path, folder, bytes = 0 } of model.files) {
    const file = join(model.folder, path, ...(folder === undefined ? [] : ['all']))
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, '')
    await truncate(file, bytes)
  }
}
