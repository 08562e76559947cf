import type { Io } from '../../lib/io.ts'
import { exitCodeOf } from '../../lib/io.ts'
import { plain } from '../../lib/plain.ts'
import { ProblemError } from '../../lib/problem.ts'
import { type HubModel, type HubRef, lookAtRepo, modelsOf } from '../../models/hub.ts'
import { memory } from '../console/units.ts'
import { table } from '../portal/text.ts'
import { search } from '../prompt.ts'
import { addDownload } from './add-download.ts'
import { isTerminal } from '../is-terminal.ts'
import { problems, words } from './messages.ts'
import type { AddValues, NewEntry } from './new-entry.ts'
import type { Models } from './open.ts'

/** A GGUF model of a repository on Hugging Face, at the commit that it is at now. Or the exit code of a signal. */
export async function addFromHub(
  ref: HubRef,
  values: AddValues,
  models: Models,
  io: Io,
): Promise<NewEntry | number> {
  const probe = await lookAtRepo(ref, { env: io.env, signal: io.signal })
  if (!probe.ok) throw new ProblemError(problems.noRepo(ref.repo, probe.detail))
  const { licence, models: all } = probe.value
  if (all.length === 0) throw new ProblemError(problems.noGgufThere(ref.repo))
  const meant = modelsOf(probe.value, ref.which)
  if (meant.length === 0) throw new ProblemError(problems.notInRepo(ref.repo, ref.which ?? '', listOf(all)))
  const chosen = meant.length === 1 ? meant[0] : await chooseOne(meant, ref, values, io)
  if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
  if (chosen === undefined) throw new ProblemError(problems.declined())
  return addDownload({ parts: chosen.parts, licence }, values, models, io)
}

async function chooseOne(
  meant: readonly HubModel[],
  { repo }: HubRef,
  values: AddValues,
  io: Io,
): Promise<HubModel | undefined> {
  if (values.json === true || !isTerminal(io))
    throw new ProblemError(problems.severalInRepo(repo, plain(meant[0]?.path ?? ''), listOf(meant)))
  const titles = listOf(meant)
  const choices = meant.map(({ path }, i) => ({ title: titles[i] ?? path, value: path }))
  const path = await search(words.chooseFile(repo), choices, io)
  return meant.find(one => one.path === path)
}

/** A line each: path, size, parts. */
function listOf(models: readonly HubModel[]): string[] {
  return table(
    models.map(({ path, bytes, parts }) => [plain(path), memory(bytes), words.inParts(parts.length)]),
  )
}
