import type { KnownModel } from '../../models/inventory.ts'
import { fitsGraphics, type Offer } from '../../models/recommend.ts'
import type { RunningServer } from '../../models/servers.ts'
import { llamaShape } from '../../models/gguf-memory.ts'
import { memory } from '../console/units.ts'
import { words as modelWords } from '../models/messages.ts'
import { plain } from '../../lib/plain.ts'
import type { Seen } from './look.ts'
import { words } from './messages.ts'

/** What somebody may answer. */
export type Answer =
  | { readonly type: 'model'; readonly id: string }
  | { readonly type: 'server'; readonly server: RunningServer }
  /** To be typed: a URL, a path, an id. */
  | { readonly type: 'other' }

/** One line of the list: its cells (name, download, memory, licence, mark), and what is told below it. */
export interface Row {
  readonly answer: Answer
  readonly cells: readonly [string, string, string, string, string]
  readonly about: string
}

const mostHere = 5

/** The recommended one first, where there is one; else the demo. Decides only. */
export function rowsOf(seen: Seen): Row[] {
  const here = seen.here.slice(0, mostHere)
  const rows = [
    ...seen.offers.map(offer => offerRow(offer, seen)),
    ...here.map(model => hereRow(model, seen)),
    ...seen.servers.map(serverRow),
    otherRow(seen.here.length - here.length),
  ]
  const { starter } = seen
  if (starter === undefined) return rows
  return seen.offers[0]?.verdict === 'best' ? [...rows, starterRow(starter)] : [starterRow(starter), ...rows]
}

function offerRow({ entry, download, memory: bytes, verdict }: Offer, { machine, usesGpu }: Seen): Row {
  const used = llamaShape(entry.context, entry.settings).contextSize
  const by = usesGpu && fitsGraphics(machine.gpus, bytes) ? words.graphics : words.cores(machine.cores)
  return {
    answer: { type: 'model', id: entry.id },
    cells: [
      verdict === 'best' ? words.recommended(entry.id) : entry.id,
      download === 0 ? words.here : memory(download),
      memory(bytes),
      entry.licence,
      words.marks[verdict],
    ],
    about: `${entry.title}; ${words.context(used, entry.context ?? used)}. ${words.verdicts[verdict](by)}`,
  }
}

function hereRow(model: KnownModel, { budget, beside }: Seen): Row {
  const remote = model.engine === 'remote'
  const fits = (model.memory ?? 0) <= budget - beside
  const about = remote
    ? words.remoteAbout(plain(String(model.settings['url'])))
    : words.hereAbout(plain(model.title), modelWords.origins[model.origin])
  return {
    answer: { type: 'model', id: model.id },
    cells: [
      plain(model.id),
      remote ? modelWords.remote : words.here,
      remote || model.memory === undefined ? '-' : memory(model.memory),
      plain(model.licence),
      fits ? '' : words.marks.no_memory,
    ],
    about: fits ? about : `${about} ${words.hereTooBig}`,
  }
}

function serverRow(server: RunningServer): Row {
  const { program, models, url } = server
  return {
    answer: { type: 'server', server },
    cells: [words.server(program, models.map(plain)), words.runs, words.elsewhere, words.unknownLicence, ''],
    about: words.serverAbout(url),
  }
}

function otherRow(more: number): Row {
  return { answer: { type: 'other' }, cells: [words.other, '', '', '', ''], about: words.otherAbout(more) }
}

function starterRow({ id, licence, memory: bytes = 0 }: KnownModel): Row {
  return {
    answer: { type: 'model', id },
    cells: [words.starter, words.here, memory(bytes), licence, ''],
    about: words.starterAbout,
  }
}
