import { resolve } from 'node:path'
import { type Stats, statSync } from 'node:fs'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import type { HubFile } from '../../models/hub.ts'
import { idForFile } from '../../models/known-model.ts'
import { lookAtModelFile, lookAtModelFolder } from '../../models/look-at-model.ts'
import { partsOf } from '../../models/parts.ts'
import { probeFile } from '../../models/probe.ts'
import { withoutSecrets } from '../../models/source.ts'
import { addDownload } from './add-download.ts'
import { kindFor } from './kind-for.ts'
import { problems } from './messages.ts'
import { type AddValues, checkFree, type NewEntry, traitsFor } from './new-entry.ts'
import type { Models } from './open.ts'
import { visionFile } from './vision-file.ts'

/** A file or a folder, used where it lies. */
export async function addFile(path: string, values: AddValues, models: Models, io: Io): Promise<NewEntry> {
  // Of several parts the first stands for all.
  const [file = path] = partsOf(resolve(io.cwd, path))
  const isFolder = statOf(file).isDirectory()
  const look = isFolder ? lookAtModelFolder(file) : lookAtModelFile(file)
  if (!look.ok && isFolder && (values.kind === 'stt' || values.kind === 'tts'))
    throw new ProblemError(problems.notSpeechFolder(file))
  if (!look.ok) throw new ProblemError(problems.noModel(file, look.reason))
  const id = values.id ?? idForFile(file)
  checkFree(id, models)
  const kind = kindFor(file, look, values)
  const traits = traitsFor(kind, values)
  const { engine } = look
  return Promise.resolve({
    id,
    kind,
    path: file,
    ...(engine === undefined ? {} : { engine }),
    ...visionFile(values, io.cwd),
    ...traits,
  })
}

function statOf(path: string): Stats {
  try {
    const stat = statSync(path)
    if (!stat.isFile() && !stat.isDirectory()) throw new ProblemError(problems.noFile(path, 'not a file'))
    return stat
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw code === undefined ? error : new ProblemError(problems.noFile(path, code), { cause: error })
  }
}

/** A file elsewhere, with its other parts: told what its server says of it, asked for, downloaded, checked. */
export async function addFileByUrl(
  url: URL,
  values: AddValues,
  models: Models,
  io: Io,
): Promise<NewEntry | number> {
  const parts: HubFile[] = []
  for (const address of partsOf(url.pathname).map(pathname => withPath(url, pathname))) {
    const probe = await probeFile(address, { env: io.env, signal: io.signal })
    if (!probe.ok) throw new ProblemError(problems.noHead(withoutSecrets(address), probe.detail))
    const { bytes } = probe.value
    if (bytes === undefined) throw new ProblemError(problems.noSize(withoutSecrets(probe.value.url)))
    parts.push({ ...probe.value, bytes })
  }
  return addDownload({ parts }, values, models, io)
}

function withPath(url: URL, pathname: string): string {
  const other = new URL(url)
  other.pathname = pathname
  return other.href
}
