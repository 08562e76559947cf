import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseWav, type Wav } from '../../lib/wav.ts'
import { FakeEndpoint } from './fake-endpoint.ts'

export interface AskedTranscription {
  readonly headers: IncomingMessage['headers']
  /** In their order, without the file. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly wav: Wav
}

/** What it returns is waited for. */
export type TranscriptionAnswer = (response: ServerResponse, asked: AskedTranscription) => unknown

/**
 * Stands in for an endpoint's `/audio/transcriptions`, and looks at every byte of a request: what is not as the form's
 * standard (RFC 7578) and the head of a WAV file have it is answered 400, and stands in `faults`.
 */
export class FakeTranscriptions extends FakeEndpoint<AskedTranscription> {
  readonly faults: string[] = []
  answer: TranscriptionAnswer = sayText

  static start(): Promise<FakeTranscriptions> {
    return new FakeTranscriptions().listen()
  }

  get url(): string {
    return `${this.origin}/v1`
  }

  protected override read(request: IncomingMessage, body: Buffer): AskedTranscription {
    return readAsked(request, body)
  }

  protected override refuse(response: ServerResponse, error: unknown): void {
    this.faults.push(String(error))
    response.writeHead(400).end(JSON.stringify({ error: { message: String(error) } }))
  }
}

export function sayText(response: ServerResponse, text: unknown = 'and so'): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ text: typeof text === 'string' ? text : 'And so my fellow Americans.' }))
}

function readAsked({ method, url, headers }: IncomingMessage, body: Buffer): AskedTranscription {
  expect(method === 'POST', `the method ${method ?? ''}`)
  expect(url === '/v1/audio/transcriptions', `the path ${url ?? ''}`)
  expect(headers['content-length'] === String(body.length), 'no content-length')
  expect(headers['transfer-encoding'] === undefined, 'a transfer-encoding')
  const boundary = /^multipart\/form-data; boundary=([\w'()+,./:=?-]{1,70})$/.exec(
    headers['content-type'] ?? '',
  )?.[1]
  if (boundary === undefined) throw new Error(`the content-type ${headers['content-type'] ?? ''}`)
  const fields: [string, string][] = []
  let wav: Wav | undefined
  for (const { head, content } of parts(body, boundary)) {
    const plain = /^Content-Disposition: form-data; name="(\w+)"$/i.exec(head)?.[1]
    if (plain !== undefined) {
      fields.push([plain, content.toString('utf8')])
      continue
    }
    const file =
      /^Content-Disposition: form-data; name="file"; filename="\w+\.wav"\r\nContent-Type: audio\/wav$/i
    expect(file.test(head), `the part's head ${head}`)
    expect(wav === undefined, 'two files')
    wav = readWav(content)
  }
  if (wav === undefined) throw new Error('no file')
  return { headers, fields, wav }
}

/** The standard's: each behind `--boundary`, CRLF everywhere, the last closed by `--`, and nothing besides. */
function* parts(body: Buffer, boundary: string): Generator<{ head: string; content: Buffer }> {
  const mark = Buffer.from(`\r\n--${boundary}`)
  const whole = Buffer.concat([Buffer.from('\r\n'), body])
  let at = whole.indexOf(mark)
  expect(at === 0, 'something before the first part')
  for (;;) {
    at += mark.length
    const rest = whole.subarray(at).toString('latin1', 0, 4)
    if (rest.startsWith('--')) {
      expect(rest === '--\r\n' && at + 4 === whole.length, 'something behind the last part')
      return
    }
    expect(rest.startsWith('\r\n'), 'a boundary without an end of its line')
    const headEnd = whole.indexOf('\r\n\r\n', at)
    const next = whole.indexOf(mark, at)
    expect(headEnd > at && next > headEnd, 'a part without an end')
    yield { head: whole.toString('utf8', at + 2, headEnd), content: whole.subarray(headEnd + 4, next) }
    at = next
  }
}

/** 16 kHz, mono, 16 bits, with a head of 44 bytes whose lengths are right. */
function readWav(bytes: Buffer): Wav {
  const head = [
    ['RIFF', bytes.toString('latin1', 0, 4)],
    [bytes.length - 8, bytes.readUInt32LE(4)],
    ['WAVEfmt ', bytes.toString('latin1', 8, 16)],
    [16, bytes.readUInt32LE(16)],
    [1, bytes.readUInt16LE(20)],
    [1, bytes.readUInt16LE(22)],
    [16_000, bytes.readUInt32LE(24)],
    [32_000, bytes.readUInt32LE(28)],
    [2, bytes.readUInt16LE(32)],
    [16, bytes.readUInt16LE(34)],
    ['data', bytes.toString('latin1', 36, 40)],
    [bytes.length - 44, bytes.readUInt32LE(40)],
  ] as const
  for (const [wanted, is] of head) expect(wanted === is, `${is} in the WAV's head in the place of ${wanted}`)
  const parsed = parseWav(bytes)
  if (!parsed.ok) throw new Error(parsed.fault)
  return parsed.wav
}

function expect(ok: boolean, otherwise: string): void {
  if (!ok) throw new Error(otherwise)
}
