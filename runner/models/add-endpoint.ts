import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { slug } from '../../models/known-model.ts'
import { probeEndpoint } from '../../models/probe.ts'
import { problems, words } from './messages.ts'
import { type AddValues, checkFree, type NewEntry } from './new-entry.ts'
import type { Models } from './open.ts'

/** An OpenAI-compatible endpoint: it is asked which models it has, so that a name that it lacks is noticed here. */
export async function addEndpoint(url: URL, values: AddValues, models: Models, io: Io): Promise<NewEntry> {
  const keyEnv = values['key-env']
  if (keyEnv !== undefined && !/^[A-Za-z_]\w*$/.test(keyEnv)) throw new ProblemError(problems.badKeyEnv())
  if (url.username !== '' || url.password !== '') throw new ProblemError(problems.badKeyEnv())
  url.hash = ''
  const base = url.href.replace(/\/$/, '')
  if (values.id !== undefined) checkFree(values.id, models)
  const probe = await probeEndpoint(base, keyEnv === undefined ? undefined : io.env[keyEnv], {
    env: io.env,
    signal: io.signal,
  })
  const names = probe.ok ? probe.value : []
  const name = values.name ?? (names.length === 1 ? names[0] : undefined)
  if (name === undefined)
    throw new ProblemError(problems.nameMissing(base, names, probe.ok ? 'it has none' : probe.detail))
  if (!probe.ok) io.stderr.write(words.unreached(base, probe.detail))
  else if (!names.includes(name)) io.stderr.write(words.nameUnknownThere(base, name))
  const id = values.id ?? slug(name)
  checkFree(id, models)
  const kind = values.kind ?? (/embed/i.test(name) ? 'embedding' : 'llm')
  return { id, kind, url: base, model: name, ...(keyEnv === undefined ? {} : { key_env: keyEnv }) }
}
