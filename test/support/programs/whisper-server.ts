// Stands in for whisper.cpp's whisper-server: its command line, its API, and no model. In the folder STUB it writes `args`, and
// appends a line to `requests` for each; while a file `hold` is there it does not answer. What it hears are the seconds.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { parseWav } from '../../../lib/wav.ts'

const flags = { '--no-gpu': 0, '--translate': 0, '--suppress-nst': 0 }
const values = {
  '--model': 1,
  '--language': 1,
  '--threads': 1,
  '--host': 1,
  '--port': 1,
  '--request-path': 1,
  '--public': 1,
}
const languages = ['auto', 'en', 'de', 'fr']

const folder = process.env['STUB'] ?? '.'
const argv = process.argv.slice(2)
const given = new Map<string, string>()
for (let at = 0; at < argv.length; at++) {
  const name = argv[at] ?? ''
  if (name in values) given.set(name, argv[++at] ?? '')
  else if (name in flags) given.set(name, '')
  else fail(`error: unknown argument: ${name}`, 0)
}
const value = (name: keyof typeof values): string => given.get(name) ?? ''
writeFileSync(join(folder, 'args'), JSON.stringify({ pid: process.pid, argv }))
if (!languages.includes(value('--language'))) fail(`error: unknown language '${value('--language')}'`, 0)
// It reads numbers in the machine's order.
if (readFileSync(value('--model')).readUInt32LE(0) !== 0x67676d6c)
  fail('error: failed to initialize whisper context', 3)

if (!given.has('--no-gpu') && process.env['STUB_CARD'] !== undefined) {
  console.error('whisper_model_load:        CUDA0 total size =    77.11 MB')
  console.error('whisper_backend_init_gpu: using CUDA0 backend')
}

const server = createServer((request, response) => {
  const end = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const path = value('--request-path')
  if (request.method === 'GET' && request.url === `${path}/health`) return end(200, { status: 'ok' })
  if (request.method !== 'POST' || request.url !== `${path}/inference`) return end(404, {})
  void read(request).then(({ fields, seconds }) => {
    log({ ...fields, seconds })
    if (seconds === undefined) return end(400, { error: 'failed to read audio data' })
    if (!existsSync(join(folder, 'hold'))) return end(200, { text: ` [BEEP] ${seconds} seconds.\n` })
    response.once('close', () => log('closed'))
  })
})
server.listen(Number(value('--port')), value('--host'))

async function read(
  request: IncomingMessage,
): Promise<{ fields: Record<string, string>; seconds: number | undefined }> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const headers = { 'content-type': request.headers['content-type'] ?? '' }
  const form = await new Response(Buffer.concat(chunks), { headers }).formData()
  const fields: Record<string, string> = {}
  let seconds: number | undefined
  for (const [name, part] of form.entries()) {
    if (typeof part === 'string') fields[name] = part
    else {
      const parsed = parseWav(new Uint8Array(await part.arrayBuffer()))
      if (name === 'file' && parsed.ok && parsed.wav.sampleRate === 16_000 && parsed.wav.channels === 1)
        seconds = Math.round(parsed.wav.frames / 1600) / 10
    }
  }
  return { fields, seconds }
}

function log(line: unknown): void {
  appendFileSync(join(folder, 'requests'), `${JSON.stringify(line)}\n`)
}

function fail(line: string, code: number): never {
  console.error(line)
  process.exit(code)
}
