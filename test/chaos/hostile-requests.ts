import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A request's text, and what may come of it. */
export interface HostileText {
  readonly file: 'request.json' | 'request.yaml'
  readonly text: string | Buffer
  /** Bytes; the rest of the file is a hole. */
  readonly size?: number
  /** `usable`: it comes to the handler, which opens its attachment. Else the codes that are right. */
  readonly is: 'usable' | readonly string[]
  /** Codes beside those of its attachment. */
  readonly more?: readonly string[]
}

export function writeRequest(folder: string, { file, text, size }: HostileText): void {
  const path = join(folder, file)
  writeFileSync(path, text)
  if (size !== undefined) truncateSync(path, size)
}

/** What the handler does beside opening the attachment: a request tells it by its `model`. */
export type Behaviour = 'plain' | 'emit' | 'status' | 'out' | 'crash' | 'throw'

export function goodRequest(model: Behaviour): HostileText {
  const more = model === 'crash' ? ['engine_crashed'] : model === 'throw' ? ['internal'] : []
  return { ...json(JSON.stringify({ kind: 'transcribe', file: 'a.wav', model }), 'usable'), more }
}

const bad = ['bad_request'] as const
const late = ['deadline'] as const
const json = (text: string | Buffer, is: HostileText['is'] = bad): HostileText => ({
  file: 'request.json',
  text,
  is,
})
const yaml = (text: string | Buffer, is: HostileText['is'] = bad): HostileText => ({
  file: 'request.yaml',
  text,
  is,
})
const transcribe = (more: string): string => `{"kind":"transcribe","file":"a.wav",${more}}`
const file = (name: string, is: HostileText['is'] = bad): HostileText =>
  json(JSON.stringify({ kind: 'transcribe', file: name }), is)
const mebi = 1024 * 1024
const rows = (count: number, row: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => row(i)).join('\n')

export const hostileTexts: readonly HostileText[] = [
  json(''),
  json(' '),
  json('null'),
  json('[]'),
  json('"transcribe"'),
  json('1e999'),
  json('{"kind":"transcribe"'),
  json('{"kind":"transcribe","file":"a.wav"}}'),
  json('{"kind":"delete"}'),
  json('{"kind":["transcribe"],"file":"a.wav"}'),
  json('\uFEFF{"kind":"transcribe","file":"a.wav"}'),
  json(Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00])),
  json(Buffer.from('{"kind":"transcribe","file":"\xff\xfe.wav"}', 'latin1'), ['unreadable']),
  json(Buffer.alloc(5000)),
  json('['.repeat(5000)),
  json(transcribe(`"x":${'['.repeat(5000)}${']'.repeat(5000)}`), 'usable'),
  yaml('['.repeat(100)),
  yaml('- '.repeat(100)),
  json(transcribe('"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}'), 'usable'),
  json('{"__proto__":{"kind":"transcribe","file":"a.wav"}}'),
  json(transcribe('"kind":"delete"')),
  json(transcribe('"file":"../../../../canary/secret.txt"')),
  json(transcribe('"model":{"toString":1}')),
  json(transcribe(`"model":"${'m'.repeat(201)}"`)),
  json(transcribe('"deadline":"NaN"')),
  json(transcribe('"deadline":NaN')),
  json(transcribe('"deadline":-1')),
  json(transcribe('"deadline":0')),
  json(transcribe('"deadline":1e999')),
  json(transcribe('"deadline":null')),
  json(transcribe('"deadline":[1]')),
  json(transcribe('"deadline":1e300'), 'usable'),
  json(transcribe('"deadline":1e-300'), late),
  json(transcribe('"deadline":1'), late),
  json('{"kind":"session","sampleRate":1e999}'),
  json('{"kind":"session","sampleRate":-0.5,"endpointMs":1e308}'),
  { ...json('{"kind":"transcribe","file":"a.wav"}'), size: mebi + 1 },
  { ...json('{}'), size: 2 ** 40 },
  file(''),
  file('.'),
  file('..'),
  file('../a.wav'),
  file('../../../../../canary/secret.txt'),
  file('/etc/passwd'),
  file('a/../../x'),
  file('a.wav/'),
  file('./a.wav'),
  file('a\0.wav'),
  file('.hidden'),
  file('..\\secret'),
  file('x'.repeat(256)),
  file('x'.repeat(255), ['unreadable']),
  file('ü'.repeat(255), ['unreadable']),
  file('a\n\u001b[2J\u202e.wav', ['unreadable']),
  file('request.json', ['ok']),
  file('~root', ['unreadable']),
  file('%2e%2e%2fsecret', ['unreadable']),
  yaml(''),
  yaml('kind: transcribe\nfile: a.wav\n', 'usable'),
  yaml('a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]'),
  yaml('&a [*a]'),
  yaml('base: &b {kind: transcribe}\n<<: *b\nfile: a.wav'),
  yaml('<<: {kind: transcribe, file: a.wav}'),
  yaml('kind: !!js/function "function(){}"\nfile: a.wav'),
  yaml('!!binary aGVsbG8='),
  yaml('kind: transcribe\nfile: ../secret.txt'),
  yaml('__proto__: {polluted: 1}\nkind: transcribe\nfile: a.wav', 'usable'),
  yaml('? {a: b}\n: c\n? [1]\n: 2'),
  yaml('kind: transcribe\nkind: session'),
  yaml('a: 1\n---\nb: 2'),
  yaml('\t\0\x07'),
  yaml(Buffer.from([0x61, 0x3a, 0xff, 0xfe])),
  yaml('? '.repeat(400)),
  yaml('kind: transcribe\nfile: a.wav\ndeadline: .nan'),
  yaml('kind: transcribe\nfile: a.wav\ndeadline: .inf'),
  yaml('kind: transcribe\nfile: a.wav\ndeadline: 0x1', late),
  { ...yaml('a: 1'), size: 64 * 1024 + 1 },
]

/** These cost the worker or us something like a tenth of a second each, so they come seldom. */
export const heavyTexts: readonly HostileText[] = [
  json(transcribe(`"x":"${'x'.repeat(mebi - 100)}"`), 'usable'),
  json(`[${'{},'.repeat(300_000)}{}]`),
  json(transcribe(rows(60_000, i => `"k${i}":${i},`) + '"z":0'), 'usable'),
  json('['.repeat(100_000)),
  json('{"a":'.repeat(50_000)),
  json(transcribe(`"x":${'['.repeat(100_000)}${']'.repeat(100_000)}`), 'usable'),
  yaml('['.repeat(800)),
  yaml('- '.repeat(800)),
  yaml('[ '.repeat(32_000)),
  yaml('&a '.repeat(20_000)),
  yaml(']'.repeat(5000)),
  yaml(rows(3000, i => `k${i}: &a${i} x`)),
]
