import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { identify } from '../../lib/process-identity.ts'
import { noChromium } from '../support/chromium.ts'
import { PageRig } from '../support/page-rig.ts'
import { tempDir } from '../support/temp.ts'

const skip = noChromium
let rig: PageRig
let mirror: Awaited<ReturnType<typeof startMirror>>
let files: Awaited<ReturnType<typeof tempDir>>

before(async () => {
  if (skip !== false) return
  mirror = await startMirror()
  files = await tempDir()
  rig = await PageRig.start({
    env: {
      COURANTE_MIRROR: mirror.url,
      COURANTE_MODELS: files.path,
      HOME: files.path,
      OLLAMA_MODELS: join(files.path, 'ollama'),
    },
  })
})

after(async () => {
  await rig?.[Symbol.asyncDispose]()
  await files?.[Symbol.asyncDispose]()
  mirror?.close()
})

test(
  'models stand by what they are for, with what can be got folded away, and can be filtered',
  { skip },
  async () => {
    const page = await rig.page('/models')
    const language = page.getByRole('region', { name: 'Language' })
    await row(language, /starter/i)
      .getByText('default')
      .waitFor()
    assert.equal(await row(language, 'qwen3-0.6b').isVisible(), false)
    await page.getByLabel('Filter models').fill('qwen3-0.6b')
    await row(language, 'qwen3-0.6b').getByText('not installed: 639 MB').waitFor()
    assert.equal(await page.getByRole('region', { name: 'Speech to text' }).count(), 0)
    await page.getByLabel('Filter models').fill('nothing is called so')
    await page.getByRole('heading', { name: 'No model is called like that' }).waitFor()
  },
)

test('what is in memory is shown as a part of what may be, and a dead core is said', { skip }, async () => {
  const page = await rig.page('/models')
  await coreSays({
    budget: { memory: 8e9 },
    used: { memory: 2e9 },
    models: [loaded('starter', 5e8)],
    queues: {},
  })
  const memory = page.getByRole('region', { name: 'In memory' })
  await memory.getByText('2.0 GB of 8.0 GB that models may take').waitFor()
  await memory.getByText('500 MB').waitFor()
  const starter = row(page.getByRole('region', { name: 'Language' }), 'starter')
  await starter.getByText('in memory', { exact: true }).waitFor()
  await starter.getByRole('button', { name: /^Unload/ }).waitFor()
  await writeFile(join(rig.server.home, 'run/core.json'), JSON.stringify({ pid: 2 ** 22 + 1, models: [] }))
  await page.getByText('Core does not run, so no model can be loaded.').waitFor()
})

test('a download asks first, tells how it goes, stops, and goes on where it was', { skip }, async () => {
  const page = await rig.page('/models')
  await page.getByLabel('Filter models').fill('qwen3-0.6b')
  const model = row(page.getByRole('region', { name: 'Language' }), 'qwen3-0.6b')
  await model.getByRole('button', { name: /^Get/ }).click()
  const consent = page.getByRole('dialog', { name: /^Get .*\?/ })
  await consent.getByText('639 MB in all.').waitFor()
  await consent.getByText(/are free on the disk/).waitFor()
  await consent.getByText(/Apache-2.0 · from/).waitFor()
  await consent.getByRole('button', { name: 'Get 639 MB' }).click()
  const progress = page.getByRole('dialog', { name: /^Getting/ })
  await progress.getByText(/of 639 MB/).waitFor()
  // It goes on when nobody looks.
  await progress.getByRole('button', { name: 'Close' }).last().click()
  await model.getByText(/getting it/).waitFor()
  await page.reload()
  await page.getByLabel('Filter models').fill('qwen3-0.6b')
  await model.getByRole('button', { name: /^Show/ }).click()
  await progress.getByRole('button', { name: 'Stop' }).click()
  await consent.getByRole('button', { name: 'Get 639 MB' }).waitFor()
  await page.keyboard.press('Escape')
  await model.getByText('not installed: 639 MB').waitFor()
})

test('a download that fails says why where it stands, and can be tried again', { skip }, async () => {
  mirror.mode = 'refuse'
  const page = await rig.page('/models')
  await page.getByLabel('Filter models').fill('qwen3-4b')
  const model = row(page.getByRole('region', { name: 'Language' }), 'qwen3-4b')
  await model.getByRole('button', { name: /^Get/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: /^Get \d/ }).click()
  await dialog.getByRole('button', { name: 'Try again' }).waitFor()
  await dialog.getByRole('alert').getByText(/./).first().waitFor()
  await page.keyboard.press('Escape')
  await model.getByText('download ended').waitFor()
  await model.getByRole('alert').getByText(/./).first().waitFor()
  mirror.mode = 'stall'
  await model.getByRole('button', { name: /^Get/ }).click()
  await dialog.getByRole('button', { name: 'Try again' }).click()
  await dialog.getByRole('button', { name: 'Stop' }).click()
  await dialog.getByRole('button', { name: /^Get \d|Try again/ }).waitFor()
})

test(
  'the picker says the state of an agent’s model; to choose another writes the agent’s file',
  { skip },
  async () => {
    const page = await rig.page('/admin')
    const picker = page.getByRole('button', { name: /^Model of Courante: Starter/ })
    await picker.click()
    const choices = page.getByRole('listbox', { name: 'Model of Courante' })
    await choices.getByRole('option', { name: /This machine’s choice/, selected: true }).waitFor()
    // By keys alone: the chosen one has the focus, the next is the first that is here.
    await page.getByLabel('Search models').fill('starter')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByText(/^Courante thinks with Starter/).waitFor()
    await agentHas('starter')
    await picker.click()
    await choices.getByRole('option', { name: /Starter/, selected: true }).waitFor()
    await choices.getByRole('option', { name: /This machine’s choice/ }).click()
    await page.getByText('Courante thinks with this machine’s choice now').waitFor()
    await agentHas(undefined)
    await picker.click()
    await page.getByLabel('Search models').fill('qwen3-0.6b')
    await choices.getByRole('option', { name: /639 MB, get it/ }).click()
    await page.getByRole('dialog', { name: /^Get .*\?/ }).waitFor()
  },
)

/** The entry of a model in a list, by its id or title. */
function row(place: Page | Locator, name: string | RegExp): Locator {
  return place.getByRole('listitem').filter({ hasText: name }).first()
}

async function agentHas(model: string | undefined): Promise<void> {
  const { agents } = await rig.must('GET', '/api/agents')
  const [courante] = (agents as { name: string; model?: string }[]).filter(({ name }) => name === 'Courante')
  assert.equal(courante?.model, model)
}

async function coreSays(facts: Record<string, unknown>): Promise<void> {
  const path = join(rig.server.home, 'run/core.json')
  const before = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  await writeFile(path, JSON.stringify({ ...before, ...identify(process.pid), at: Date.now(), ...facts }))
}

function loaded(id: string, measured: number) {
  return {
    id,
    kind: 'llm',
    title: id,
    engine: 'llama',
    state: 'ready',
    progress: null,
    estimate: measured,
    estimatedGpu: {},
    measured,
    gpu: {},
    placement: null,
    inFlight: 0,
    waiting: 0,
    parallel: 1,
    idleMs: 4000,
    pid: process.pid,
  }
}

/** What the catalog says of qwen3-0.6b. */
const total = 639_446_688

/** In place of the hub: refuses, or sends a little of a file and then nothing. */
async function startMirror() {
  const held = new Set<ServerResponse>()
  const made = { mode: 'stall' as 'stall' | 'refuse', url: '', close: () => undefined as void }
  const server = createServer((request, response) => {
    if (made.mode === 'refuse') {
      response.writeHead(404).end()
      return
    }
    held.add(response)
    const [, first = '0', last = String(total - 1)] =
      /bytes=(\d+)-(\d+)?/.exec(request.headers.range ?? '') ?? []
    response.writeHead(206, {
      'content-length': Number(last) - Number(first) + 1,
      'content-range': `bytes ${first}-${last}/${total}`,
    })
    if (request.method === 'HEAD') response.end()
    else response.write(Buffer.alloc(2_000_000))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  made.close = () => {
    for (const response of held) response.destroy()
    server.close()
  }
  return made
}
