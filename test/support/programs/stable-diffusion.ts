// Stands in for stable-diffusion.cpp's programs: `stable-diffusion.ts server|command FLAG…`, with the flags of their help
// and the fields of examples/server/api.md, and nothing beside. What goes wrong, a word in the prompt says (see `wishes`),
// or the name of the model: a broken one is none, a waiting one is loaded when FILE.go is there.
import { existsSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { fakeJpeg, fakePng } from '../fake-pictures.ts'

const [kind = '', ...args] = process.argv.slice(2)
const isServer = kind === 'server'

const contextFlags: Readonly<Record<string, string>> = {
  '--model': 'path to full model',
  '--clip_l': 'path to the clip-l text encoder',
  '--clip_g': 'path to the clip-g text encoder',
  '--t5xxl': 'path to the t5xxl text encoder',
  '--llm': 'path to the llm text encoder',
  '--diffusion-model': 'path to the standalone diffusion model',
  '--vae': 'path to standalone vae model',
  '--taesd': 'path to taesd',
  '--backend': 'runtime backend assignment, e.g. cpu',
  '--lora-model-dir': 'lora model directory',
  '--threads': 'number of threads to use during computation (default: -1)',
}
const generationFlags: Readonly<Record<string, string>> = {
  '--prompt': 'the prompt to render',
  '--negative-prompt': 'the negative prompt (default: "")',
  '--height': 'image height, in pixel space (default: 512)',
  '--width': 'image width, in pixel space (default: 512)',
  '--steps': 'number of sample steps (default: 20)',
  '--cfg-scale': 'unconditional guidance scale: (default: 7.0)',
  '--seed': 'RNG seed (default: 42, use random seed for < 0)',
  '--sampling-method':
    'sampling method, one of [euler, euler_a, heun,\n   lcm], default: euler for Flux/SD3/Wan',
}
const ownFlags: Readonly<Record<string, string>> = isServer
  ? {
      '--listen-ip': 'server listen ip (default: 127.0.0.1)',
      '--listen-port': 'server listen port (default: 1234)',
    }
  : { '--output': 'path to write result image to (default: ./output.png)' }
const switches: Readonly<Record<string, string>> = {
  '--eager-load': 'load all params at model-load time',
  '--list-devices': "list available ggml backend devices (one 'name<TAB>description' per line) and exit",
}
const samplers = ['euler', 'euler_a', 'heun', 'lcm']

const given = parse()
for (const name of ['--model', '--diffusion-model'])
  if (given.get(name)?.includes('broken') === true) fail('[ERROR] new_sd_ctx_t failed')
const waitsFor = `${given.get('--model') ?? ''}.go`
while (waitsFor.includes('waiting') && !existsSync(waitsFor)) await delay(20)
if (isServer) serve()
else await command()

function parse(): Map<string, string> {
  const values = { ...ownFlags, ...contextFlags, ...generationFlags }
  if (args.includes('--help')) {
    const all = Object.entries({ ...values, ...switches })
    process.stdout.write(
      `Usage: [options]\n\n${all.map(([flag, words]) => `  ${flag}  ${words}`).join('\n')}\n`,
    )
    process.exit(0)
  }
  if (args.includes('--list-devices')) {
    const card = process.env['STUB_CARD']
    process.stdout.write(`CPU\tSome processor\n${card === undefined ? '' : `${card}\tSome card\n`}`)
    process.exit(0)
  }
  const found = new Map<string, string>()
  for (let at = 0; at < args.length; at++) {
    const flag = args[at] ?? ''
    if (Object.hasOwn(switches, flag)) continue
    const value = args[++at]
    if (!Object.hasOwn(values, flag) || value === undefined) fail(`error: unknown argument: ${flag}`)
    found.set(flag, value)
  }
  if (!found.has('--model') && !found.has('--diffusion-model'))
    fail('error: the following arguments are required: model_path')
  return found
}

interface Wanted {
  prompt: string
  negative_prompt: string
  width: number
  height: number
  seed: number
  steps: number
}

/** Throws for a picture that can't be made. */
async function generate({ prompt, width, height, seed, steps }: Wanted): Promise<Buffer> {
  // The real one opens the file, and paints the rest of the prompt.
  if (given.get('--lora-model-dir') !== '' && prompt.includes('<lora:')) throw new Error('a LoRA was opened')
  // Loading, which is no step.
  process.stdout.write(`\r  |######| ${steps}/${steps} - 1.20GB/s\u001B[K\n`)
  for (let step = 1; step <= steps; step++) {
    const end = step === steps ? '\n' : ''
    process.stdout.write(
      `\r  |====>   | ${step}/${steps} - ${step === 1 ? '1.50s/it' : '2.05it/s'}\u001B[K${end}`,
    )
    await turn()
    if (wishes(prompt, 'die')) process.kill(process.pid, 'SIGKILL')
    // Until somebody ends it.
    if (wishes(prompt, 'hold')) await new Promise<never>(() => setInterval(() => undefined, 10_000))
  }
  if (wishes(prompt, 'memory')) process.stderr.write('[ERROR] ggml_backend_cpu: failed to allocate buffer\n')
  if (wishes(prompt, 'memory') || wishes(prompt, 'fail'))
    throw new Error('generate_image returned no results')
  const png = fakePng(width, height, seed)
  if (wishes(prompt, 'jpeg')) return fakeJpeg
  return wishes(prompt, 'cut') ? png.subarray(0, -20) : png
}

function wishes(prompt: string, word: string): boolean {
  return prompt.split(' ').includes(word)
}

async function command(): Promise<void> {
  const number = (flag: string, usual: number): number => Number(given.get(flag) ?? usual)
  const sampler = given.get('--sampling-method')
  if (sampler !== undefined && !samplers.includes(sampler)) fail(`error: invalid sample method ${sampler}`)
  try {
    const picture = await generate({
      prompt: given.get('--prompt') ?? '',
      negative_prompt: given.get('--negative-prompt') ?? '',
      width: number('--width', 512),
      height: number('--height', 512),
      seed: number('--seed', 42),
      steps: number('--steps', 20),
    })
    writeFileSync(given.get('--output') ?? 'output.png', picture)
  } catch (error) {
    fail(`[ERROR] ${(error as Error).message}`)
  }
}

interface Job {
  id: string
  status: 'queued' | 'generating' | 'completed' | 'failed' | 'cancelled'
  result: unknown
  error: unknown
}

/** Required and optional fields of `POST /sdcpp/v1/img_gen`, as far as the engine has a use for them. */
function wantedOf(body: unknown): Wanted {
  const fields = record(body)
  const guidance = record(record(fields['sample_params'] ?? {})['guidance'] ?? {})
  only(fields, {
    prompt: 'string',
    negative_prompt: 'string',
    width: 'number',
    height: 'number',
    seed: 'number',
    batch_count: 'number',
    sample_params: 'object',
    output_format: 'string',
  })
  const sample = record(fields['sample_params'] ?? {})
  only(sample, { sample_method: 'string', sample_steps: 'number', guidance: 'object' })
  only(guidance, { txt_cfg: 'number' })
  const text = (value: unknown, usual: string): string => (typeof value === 'string' ? value : usual)
  const method = text(sample['sample_method'], 'euler')
  if (!samplers.includes(method)) throw new Error(`no sampler ${method}`)
  return {
    prompt: text(fields['prompt'], ''),
    negative_prompt: text(fields['negative_prompt'], ''),
    width: Number(fields['width'] ?? 512),
    height: Number(fields['height'] ?? 512),
    seed: Number(fields['seed'] ?? -1),
    // Not so the command.
    steps: Math.min(100, Math.max(1, Number(sample['sample_steps'] ?? 20))),
  }
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error('invalid generation parameters')
  return value as Record<string, unknown>
}

function only(fields: Record<string, unknown>, types: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(fields))
    if (types[name] !== typeof value) throw new Error(`unknown field ${name} (${typeof value})`)
}

function serve(): void {
  const jobs = new Map<string, Job>()
  let queue = Promise.resolve()
  const server = createServer((request, response) => {
    route(request, response).catch((error: unknown) =>
      answer(response, 400, { error: (error as Error).message }),
    )
  })
  server.listen(Number(given.get('--listen-port')), given.get('--listen-ip'))

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = `${request.method} ${request.url}`
    const job = jobs.get(/\/jobs\/([^/]+)/.exec(path)?.[1] ?? '')
    if (path === 'GET /sdcpp/v1/capabilities')
      return answer(response, 200, {
        supported_modes: ['img_gen'],
        samplers,
      })
    if (path === 'POST /sdcpp/v1/img_gen') return answer(response, 202, submit(wantedOf(await json(request))))
    if (job === undefined) return answer(response, 404, { error: 'job not found' })
    answer(response, 200, job)
  }

  function submit(wanted: Wanted): Job {
    const job: Job = { id: `job_${jobs.size + 1}`, status: 'queued', result: null, error: null }
    jobs.set(job.id, job)
    queue = queue.then(async () => {
      job.status = 'generating'
      try {
        const picture = await generate(wanted)
        const images = [{ index: 0, b64_json: picture.toString('base64') }]
        Object.assign(job, { status: 'completed', result: { output_format: 'png', images } })
      } catch (error) {
        const { message } = error as Error
        Object.assign(job, { status: 'failed', error: { code: 'generation_failed', message } })
      }
    })
    return { ...job }
  }
}

async function json(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function fail(words: string): never {
  process.stderr.write(`${words}\n`)
  process.exit(1)
}
