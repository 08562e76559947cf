import { resolve } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { parseHubRef } from '../../models/hub.ts'
import { idForFile, slug } from '../../models/known-model.ts'
import { partsOf } from '../../models/parts.ts'
import type { RunningServer } from '../../models/servers.ts'
import { addEndpoint } from '../models/add-endpoint.ts'
import { addFromHub } from '../models/add-hub.ts'
import { addFile, addFileByUrl } from '../models/add-file.ts'
import { problems as modelProblems } from '../models/messages.ts'
import type { AddValues, NewEntry } from '../models/new-entry.ts'
import { findModel, type Models, notInstalled } from '../models/open.ts'
import { problems } from './messages.ts'

/** A language model that was chosen, and what models.yaml needs so that it is known here. */
export interface Chosen {
  readonly id: string
  readonly entry?: NewEntry
}

/**
 * The language model that a word means: an id, the URL of an OpenAI-compatible server or of a GGUF file, a path. A server is
 * asked which models it has; a file is downloaded, with consent. Undefined after a signal; throws a ProblemError for what is
 * unknown, or can't be used. One that is known here already is taken as it is.
 */
export async function modelNamed(
  word: string,
  values: AddValues,
  models: Models,
  io: Io,
): Promise<Chosen | undefined> {
  if (models.models.has(word)) return known(word, models)
  if (isEndpoint(word)) {
    const url = new URL(word)
    const there = values.name === undefined ? undefined : serverEntry(url.href, values.name, models)
    if (there !== undefined && values['key-env'] === undefined) return { id: there }
    const id = values.name === undefined ? {} : { id: freeId(slug(values.name), models) }
    const entry = await addEndpoint(url, { ...values, ...id }, models, io)
    // With another key, it takes the place of the one that is there.
    return language({ ...entry, id: there ?? entry.id })
  }
  const url = /^https?:\/\//i.test(word) ? URL.parse(word) : null
  if (url !== null && /\.gguf$/i.test(url.pathname)) {
    const entry = await addFileByUrl(url, values, models, io)
    return typeof entry === 'number' ? undefined : language(entry)
  }
  const ref = parseHubRef(word, io.env)
  if (ref !== undefined) {
    const entry = await addFromHub(ref, values, models, io)
    return typeof entry === 'number' ? undefined : language(entry)
  }
  if (/^[a-z]+:\/\//i.test(word)) throw new ProblemError(modelProblems.badUrl(word))
  if (!/[/\\]|\.gguf$/i.test(word)) findModel(models, word)
  const path = resolve(io.cwd, word.replace(/^~(?=\/)/, io.env['HOME'] ?? '~'))
  const [first = path] = partsOf(path)
  const same = [...models.models.values()].find(({ files }) => files['model'] === first)
  if (same !== undefined) return known(same.id, models)
  return language(await addFile(path, { ...values, id: freeId(idForFile(first), models) }, models, io))
}

export function isEndpoint(word: string): boolean {
  const url = /^https?:\/\//i.test(word) ? URL.parse(word) : null
  return url !== null && /\/v\d+\/?$/.test(url.pathname)
}

/** A model of a program of this machine that was asked for its names just now. */
export function serverModel({ program, url }: RunningServer, name: string, models: Models): Chosen {
  const there = serverEntry(url, name, models)
  if (there !== undefined) return { id: there }
  const id = freeId(slug(`${program}-${name}`), models)
  return { id, entry: { id, kind: 'llm', url, model: name } }
}

/** The id of the same model of the same server, where models.yaml has it already. */
function serverEntry(url: string, name: string, { models }: Models): string | undefined {
  const base = url.replace(/\/$/, '')
  const same = [...models.values()].find(
    ({ kind, settings }) => kind === 'llm' && settings['url'] === base && settings['model'] === name,
  )
  return same?.id
}

function known(id: string, models: Models): Chosen {
  const model = findModel(models, id)
  if (model.kind !== 'llm') throw new ProblemError(problems.notLanguage(id, model.kind))
  // One of the catalog is downloaded later.
  if (!model.installed && model.origin !== 'catalog') throw new ProblemError(notInstalled(models, model))
  return { id }
}

function language(entry: NewEntry): Chosen {
  if (entry.kind !== 'llm') throw new ProblemError(problems.notLanguage(entry.id, entry.kind))
  return { id: entry.id, entry }
}

function freeId(wanted: string, { models }: Models): string {
  let id = wanted
  for (let count = 2; models.has(id); count++) id = `${wanted}-${count}`
  return id
}
