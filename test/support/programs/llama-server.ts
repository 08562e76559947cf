// Stands in for llama.cpp's llama-server: its command line, its API, and no model. What it is told it says again, with the
// type and the bytes of each picture. `endless` goes on until nobody listens, `die` ends it in the middle of an answer, and
// `refuse: WORDS` is refused with those words.
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'

const values =
  '--host --model --mmproj --ctx-size --parallel --threads --temp --top-p --top-k --min-p --repeat-penalty ' +
  '--log-verbosity --cache-ram --device --gpu-layers'
const flags = ['--jinja', '--no-webui', '--no-slots', '--offline', '--no-mmproj-offload']

if (process.argv.includes('--list-devices')) {
  process.stdout.write(`Available devices:\n  ${process.env['STUB_CARD'] ?? '(none)'}\n`)
  process.exit(0)
}

const given = new Map<string, string>()
const argv = process.argv.slice(2)
for (let at = 0; at < argv.length; at++) {
  const name = argv[at] ?? ''
  if (values.split(' ').includes(name)) given.set(name, argv[++at] ?? '')
  else if (!flags.includes(name)) fail(`error: invalid argument: ${name}`)
}
const foreign = Object.keys(process.env).filter(name => name.startsWith('LLAMA_'))
if (foreign.length > 0) fail(`error: ${foreign.join(' ')} is set`)
const socket = given.get('--host') ?? ''
if (!socket.endsWith('.sock')) fail(`error: ${socket} is no socket, so everybody can reach it`)
for (const file of ['--model', '--mmproj'].flatMap(name => given.get(name) ?? []))
  if (readFileSync(file).subarray(0, 4).toString('latin1') !== 'GGUF') fail(`error loading model: ${file}`)
const context = Number(given.get('--ctx-size')) / Number(given.get('--parallel'))

const textSchema = z.strictObject({ type: z.literal('text'), text: z.string() })
const pictureSchema = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({ url: z.string().regex(/^data:image\/[a-z]+;base64,[A-Za-z0-9+/]+=*$/) }),
})
const chatSchema = z.strictObject({
  model: z.string(),
  messages: z.array(
    z.strictObject({
      role: z.enum(['system', 'user', 'assistant']),
      content: z.union([z.string(), z.array(z.union([textSchema, pictureSchema]))]),
    }),
  ),
  stream: z.literal(true),
  stream_options: z.strictObject({ include_usage: z.literal(true) }),
  temperature: z.number().optional(),
  max_tokens: z.number().optional(),
})
const countSchema = chatSchema.pick({ model: true, messages: true })
const completeSchema = chatSchema.omit({ messages: true }).extend({ prompt: z.string() })

const server = createServer((request, response) => void answer(request, response))
server.listen(socket)

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET' && request.url === '/props') {
    if (process.env['STUB_VERSION'] === 'other') return send(response, 200, { context: 'large' })
    const modalities = { vision: given.has('--mmproj'), audio: false }
    return send(response, 200, { default_generation_settings: { n_ctx: context }, modalities })
  }
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  if (request.url === '/v1/chat/completions/input_tokens') return count(response, countSchema.safeParse(body))
  if (request.url === '/v1/chat/completions') return chat(response, chatSchema.safeParse(body))
  if (request.url === '/v1/completions') {
    const parsed = completeSchema.safeParse(body)
    if (!parsed.success) return refuse(response, 400, z.prettifyError(parsed.error))
    return stream(response, [{ choices: [{ text: parsed.data.prompt, finish_reason: 'stop' }] }])
  }
  refuse(response, 404, 'File Not Found')
}

function chat(response: ServerResponse, parsed: ReturnType<typeof chatSchema.safeParse>): void {
  if (!parsed.success) return refuse(response, 400, z.prettifyError(parsed.error))
  const content = parsed.data.messages.at(-1)?.content ?? ''
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content
  if (!parts.every(isShown)) return refuse(response, 400, 'Failed to load image or audio file')
  const words = parts.map(part => {
    if (part.type === 'text') return part.text
    return `[${/^data:([^;]+)/.exec(part.image_url.url)?.[1]} of ${bytesOf(part.image_url.url).length} bytes]`
  })
  const text = words.join(' ')
  if (text.length > context)
    return refuse(
      response,
      400,
      `request (${text.length} tokens) exceeds the available context size (${context} tokens), try increasing it`,
    )
  const [, refusal] = /^refuse: (.*)/.exec(text) ?? []
  if (refusal !== undefined) return refuse(response, 400, refusal)
  const delta = (content: string, finish: string | null) => ({
    choices: [{ index: 0, delta: { content }, finish_reason: finish }],
  })
  if (text !== 'endless' && text !== 'die') return stream(response, [delta(text, 'stop')])
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(`data: ${JSON.stringify(delta('and', null))}\n\n`, () => {
    if (text === 'die') process.kill(process.pid, 'SIGKILL')
  })
}

/** How many tokens it would be, which takes no model. */
function count(response: ServerResponse, parsed: ReturnType<typeof countSchema.safeParse>): void {
  if (!parsed.success) return refuse(response, 400, z.prettifyError(parsed.error))
  const { content = '' } = parsed.data.messages.at(-1) ?? {}
  if (typeof content !== 'string' && !content.every(isShown))
    return refuse(response, 400, 'Failed to load image or audio file')
  send(response, 200, { input_tokens: 1, object: 'response.input_tokens' })
}

function isShown(part: z.infer<typeof textSchema | typeof pictureSchema>): boolean {
  return part.type === 'text' || bytesOf(part.image_url.url).length >= 60
}

function bytesOf(url: string): Buffer {
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64')
}

function stream(response: ServerResponse, chunks: readonly unknown[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const usage = { choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }
  for (const chunk of [...chunks, usage]) response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  response.end('data: [DONE]\n\n')
}

function refuse(response: ServerResponse, code: number, message: string): void {
  send(response, code, { error: { code, message, type: 'invalid_request_error' } })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

function fail(words: string): never {
  process.stderr.write(`${words}\n`)
  process.exit(1)
}
