import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { removeIfEmpty } from '../../lib/remove-if-empty.ts'
import type { HubFile } from '../../models/hub.ts'
import { idForFile } from '../../models/known-model.ts'
import { lookAtModelFile } from '../../models/look-at-model.ts'
import { forgetModel, isRecorded, pinOf, readLock } from '../../models/lock-file.ts'
import { messages } from '../../models/messages.ts'
import type { Model } from '../../models/model.ts'
import { sourceAddress, withoutSecrets } from '../../models/source.ts'
import { hashFile } from '../../models/verify.ts'
import { fetchWithConsent } from './consent.ts'
import { problems, words } from './messages.ts'
import { type AddValues, checkFree, type NewEntry, traitsFor } from './new-entry.ts'
import { checkByName, kindFor } from './kind-for.ts'
import type { Models } from './open.ts'
import { visionFile } from './vision-file.ts'

/** A model elsewhere, in one file or several. */
export interface Remote {
  /** At least one, in their order. */
  readonly parts: readonly HubFile[]
  readonly licence?: string | undefined
}

/** Asks for it, downloads and checks it. Or the exit code of a signal. */
export async function addDownload(
  { parts, licence }: Remote,
  values: AddValues,
  models: Models,
  io: Io,
): Promise<NewEntry | number> {
  const [first] = parts
  if (first === undefined) throw new Error('a model has a file')
  const id = values.id ?? idForFile(first.name)
  checkFree(id, models)
  checkByName(first.name, values)
  const eyes = visionFile(values, io.cwd)
  const { modelsDir, dir } = models
  const lock = readLock(modelsDir)
  const steps = parts.map(part => {
    const model = modelOf(part, id, licence ?? words.licenceUnknown, modelsDir)
    checkPin(part, model, modelsDir)
    return { type: 'fetch_model', model, dir, modelsDir, repair: false } as const
  })
  // Of several parts, those that came before an earlier attempt ended are here.
  const isHere = (model: Model): boolean =>
    isRecorded(model, lock) &&
    lock.models[id]?.downloads.some(({ from }) => from === sourceAddress(model.from)) === true
  const missing = steps.filter(({ model }) => !isHere(model))
  const stopped = missing.length === 0 ? undefined : await fetchWithConsent(missing, dir, values, io)
  if (stopped !== undefined) return stopped
  const folder = join(modelsDir, id)
  const path = join(folder, first.name)
  const look = lookAtModelFile(path)
  if (!look.ok) {
    // What else lies in the folder is somebody's, and stays.
    for (const { name } of parts) rmSync(join(folder, name), { force: true })
    removeIfEmpty(folder)
    await forgetModel(modelsDir, id)
    throw new ProblemError(problems.downloadNoModel(withoutSecrets(first.url), look.reason))
  }
  let kind: NewEntry['kind']
  let traits: Record<string, string>
  try {
    kind = kindFor(path, look, values)
    traits = traitsFor(kind, values)
  } catch (error) {
    // Only its content told. With other options, the same command takes it from here.
    if (error instanceof ProblemError) io.stderr.write(words.kept(id, models.where))
    throw error
  }
  // Whoever did not know it before knows from now on what it was.
  const sha256 = first.sha256 ?? recordedHash(modelsDir, id, first.name) ?? (await hashOf(path, io))
  return {
    id,
    kind,
    path,
    ...(look.engine === undefined ? {} : { engine: look.engine }),
    ...eyes,
    ...traits,
    from: withoutSecrets(first.url),
    sha256,
    ...(licence === undefined ? {} : { licence }),
  }
}

function modelOf(
  { url, bytes, sha256, name }: HubFile,
  id: string,
  licence: string,
  modelsDir: string,
): Model {
  return {
    id,
    why: words.ownModel,
    licence,
    from: { url, bytes, ...(sha256 === undefined ? {} : { sha256, trust: 'hub' as const }) },
    base: modelsDir,
    folder: join(modelsDir, id),
    files: [{ path: name }],
  }
}

/** Told before anything is downloaded, where the hub's hash alone says it. */
function checkPin({ sha256 }: HubFile, { id, from }: Model, modelsDir: string): void {
  const pin = pinOf(modelsDir, sourceAddress(from))?.digest
  if (sha256 === undefined || pin === undefined || pin === `sha256-${sha256}`) return
  throw new ProblemError(messages.changedSince(sourceAddress(from), id, pin, `sha256-${sha256}`))
}

function recordedHash(modelsDir: string, id: string, name: string): string | undefined {
  const files = readLock(modelsDir).models[id]?.downloads.flatMap(({ files }) => files)
  return files?.find(({ path }) => path === name)?.sha256
}

async function hashOf(path: string, io: Io): Promise<string> {
  return (await hashFile(path, 'sha256', io.signal)).toString('hex')
}
