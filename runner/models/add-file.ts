import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { statSync } from 'node:fs'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { lookAtGguf } from '../../models/gguf-files.ts'
import { idForFile } from '../../models/known-model.ts'
import type { Model } from '../../models/model.ts'
import { partsOf } from '../../models/parts.ts'
import { probeFile } from '../../models/probe.ts'
import { hashFile } from '../../models/verify.ts'
import { fetchWithConsent } from './consent.ts'
import { problems, words } from './messages.ts'
import { type AddValues, checkFree, type NewEntry } from './new-entry.ts'
import type { Models } from './open.ts'

/** A GGUF file, used where it lies. */
export async function addFile(path: string, values: AddValues, models: Models, io: Io): Promise<NewEntry> {
  // Of several parts the first stands for all.
  const [file = path] = partsOf(resolve(io.cwd, path))
  try {
    if (!statSync(file).isFile()) throw new ProblemError(problems.noFile(file, 'not a file'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw code === undefined ? error : new ProblemError(problems.noFile(file, code), { cause: error })
  }
  const look = lookAtGguf(file)
  if (!look.ok) throw new ProblemError(problems.notGguf(file, look.reason))
  const id = values.id ?? idForFile(file)
  checkFree(id, models)
  return Promise.resolve({ id, kind: values.kind ?? look.kind, path: file })
}

/** A GGUF file elsewhere: told what its server says of it, asked for, downloaded, checked. Or the exit code of a signal. */
export async function addFileByUrl(
  url: URL,
  values: AddValues,
  models: Models,
  io: Io,
): Promise<NewEntry | number> {
  const options = { env: io.env, signal: io.signal }
  const probe = await probeFile(url.href, options)
  if (!probe.ok) throw new ProblemError(problems.noHead(url.href, probe.detail))
  const { url: from, name, bytes, sha256 } = probe.value
  if (partsOf(name).length > 1) throw new ProblemError(problems.manyParts(from, partsOf(name).length))
  if (bytes === undefined) throw new ProblemError(problems.noSize(from))
  const id = values.id ?? idForFile(name)
  checkFree(id, models)
  const model: Model = {
    id,
    why: words.ownModel,
    licence: words.licenceUnknown,
    from: { url: from, bytes, ...(sha256 === undefined ? {} : { sha256 }) },
    base: models.modelsDir,
    folder: join(models.modelsDir, id),
    files: [{ path: name }],
  }
  const step = { type: 'fetch_model', model, dir: models.dir, repair: false } as const
  const stopped = await fetchWithConsent([step], models.dir, values, io)
  if (stopped !== undefined) return stopped
  const path = join(model.folder, name)
  const look = lookAtGguf(path)
  if (!look.ok) {
    await rm(model.folder, { recursive: true })
    throw new ProblemError(problems.downloadNotGguf(from, look.reason))
  }
  // Whoever did not know it before knows from now on what it was.
  const hash = sha256 ?? (await hashFile(path, 'sha256', io.signal)).toString('hex')
  return { id, kind: values.kind ?? look.kind, path, from, sha256: hash }
}
