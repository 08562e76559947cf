import { resolve } from 'node:path'
import { statSync } from 'node:fs'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { lookAtGguf } from '../../models/gguf-files.ts'
import type { HubFile } from '../../models/hub.ts'
import { idForFile } from '../../models/known-model.ts'
import { partsOf } from '../../models/parts.ts'
import { probeFile } from '../../models/probe.ts'
import { withoutSecrets } from '../../models/source.ts'
import { addDownload } from './add-download.ts'
import { problems } from './messages.ts'
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

/** A GGUF file elsewhere, with its other parts: told what its server says of it, asked for, downloaded, checked. */
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
