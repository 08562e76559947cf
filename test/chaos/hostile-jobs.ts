import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Behaviour, goodRequest, heavyTexts, hostileTexts, writeRequest } from './hostile-requests.ts'
import type { Zoo } from './hostile-zoo.ts'
import type { Random } from './random.ts'

/** Something that a client puts into `todo/`, and what has to become of it. */
export interface HostileJob {
  /** For the story of a fault. */
  readonly kind: string
  readonly name: string | Buffer
  readonly fate:
    /** Exactly one answer: `ok`, or an error with one of these codes. */
    | { readonly type: 'answered'; readonly id: string; readonly codes: readonly string[] }
    /** It has a job's name and is no folder: gone without a word. */
    | { readonly type: 'removed' }
    /** It has no job's name: nobody touches it. */
    | { readonly type: 'left' }
  /** Makes it at a path that is free. */
  make(path: string): void
}

/** The `n`th of a run. The first 500 go through every kind of everything once, the rest is drawn. */
export function hostileJob(n: number, random: Random, zoo: Zoo): HostileJob {
  const count = `k${n.toString(36)}`
  if (n < noNames.length || random.next() < 0.03) {
    const name = (noNames[n] ?? random.pick(noNames))(count)
    return { kind: 'no name', name, fate: { type: 'left' }, make: path => mkdirSync(path) }
  }
  const id = onceIds[n - 50] ?? (ids[n - 80] ?? random.pick(ids))(count)
  const name = `${id}${suffixes[n - 100] ?? random.pick(suffixes)}`
  const notFolders = zoo.kinds.filter(kind => !isFolder(kind))
  const instead = notFolders[n - 120] ?? (random.next() < 0.05 ? random.pick(notFolders) : undefined)
  if (instead !== undefined) {
    return {
      kind: `${instead} as ${name}`,
      name,
      fate: { type: 'removed' },
      make: path => zoo.put(instead, path),
    }
  }
  return { ...hostileFolder(n, random, zoo, id), name }
}

function hostileFolder(n: number, random: Random, zoo: Zoo, id: string): Omit<HostileJob, 'name'> {
  const sane = random.next() < 0.4 ? goodRequest(random.pick(behaviours)) : random.pick(hostileTexts)
  const text = heavyTexts[(n % 5000) - 450] ?? hostileTexts[n - 150] ?? sane
  const special = zoo.kinds[n - 250] ?? (random.next() < 0.1 ? zoo.draw(random) : undefined)
  const requestName = random.pick(['request.json', 'request.yaml'])
  const attachment = zoo.kinds[n - 300] ?? (random.next() < 0.4 ? zoo.draw(random) : undefined)
  const plants = new Map<string, string>()
  for (let more = random.below(4); more > 0; more--) plants.set(random.pick(plantedNames), zoo.draw(random))
  const readable =
    attachment === undefined ? ['ok'] : mayBeRead(attachment) ? ['ok', 'unreadable'] : ['unreadable']
  // A job in which something is closed to the service is refused as it is.
  const refused = [attachment, ...plants.values()].includes('closed') ? ['bad_request'] : []
  const codes =
    text.is === 'usable' ? [...readable, ...(text.more ?? []), ...refused] : [...text.is, ...refused]
  return {
    kind: JSON.stringify({
      id,
      request: special ?? text.text.slice(0, 100).toString(),
      attachment,
      plants: [...plants],
    }),
    fate: { type: 'answered', id, codes: special === undefined ? codes : ['bad_request'] },
    make: folder => {
      mkdirSync(folder)
      if (special === undefined) writeRequest(folder, text)
      else zoo.put(special, join(folder, requestName))
      if (attachment === undefined) writeFileSync(join(folder, 'a.wav'), 'sound')
      else zoo.put(attachment, join(folder, 'a.wav'))
      for (const [name, kind] of plants) zoo.put(kind, join(folder, name))
    },
  }
}

const behaviours: readonly Behaviour[] = [
  ...Array.from({ length: 20 }, () => 'plain' as const),
  'emit',
  'status',
  'out',
  'crash',
  'throw',
]

/** A file with two names is a file. Whether its owner may read what is closed depends on who that is. */
function mayBeRead(kind: string): boolean {
  return kind === 'second-name' || kind === 'closed'
}

function isFolder(kind: string): boolean {
  return kind === 'folder' || kind === 'deep'
}

const ids: readonly ((count: string) => string)[] = [
  count => count,
  count => `-${count}`,
  count => `_${count}`,
  count => `${count}..`,
  count => `${count}.complete`,
  count => `${count}.answer`,
  count => `${count}.json`,
  count => `--${count}`,
  count => count.padEnd(64, '.'),
  count => count.padStart(64, '0'),
]

/** Ids that mean something elsewhere. Each comes once a run: the second would be a late duplicate. */
const onceIds = (
  'heartbeat __proto__ constructor prototype toString hasOwnProperty valueOf null todo done error prep live cancel ' +
  'result.json request.json status.json out-1 - _ -- -rf --help CON nul core 0 NaN Infinity 1e9'
).split(' ')

const suffixes = ['', '~1', '~1', '~1', '~2', '~3', '~4', '~9999']

const noNames: readonly ((count: string) => string | Buffer)[] = [
  ...[
    '~0',
    '~-1',
    '~01',
    '~1~2',
    '~10000',
    '~1e1',
    '~',
    '~~1',
    '~1 ',
    '~x',
    '~١',
    '\n',
    '\r~1',
    ' ',
    '/..',
  ].map(end => (count: string) => `${count}${end.replaceAll('/', '\\')}`),
  ...[
    '.',
    '..',
    '...',
    '.run',
    '\t',
    '\u0001',
    '\u001b[2J',
    '\u202e',
    'ü',
    '😀',
    '*',
    '$(id)',
    '`id`',
    ';id;',
    '%00',
  ].map(start => (count: string) => `${start}${count}`),
  count => count.padEnd(65, 'x'),
  count => `${count.padEnd(65, 'x')}~1`,
  count => count.padEnd(255, 'x'),
  count => `${count}~${'9'.repeat(200)}`,
  count => Buffer.from(`${count}\xff\xfe`, 'latin1'),
  count => Buffer.from(`${count}\xc0\xae~1`, 'latin1'),
  count => Buffer.from(`.${count}\x80`, 'latin1'),
  count => Buffer.from(`${count}\xed\xa0\x80`, 'latin1'),
]

/** What the portal itself puts into a job's folder, and what people do. */
const plantedNames = (
  'result.json log.txt stream.ndjson out-1 out-2 out-9999 out-x status.json .result.json.12345678 .hidden ' +
  '.status.json b.wav -rf request.txt a\nb ü'
).split(' ')
