import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { slug } from '../../models/known-model.ts'
import { probeAutomatic1111, probeEndpoint } from '../../models/probe.ts'
import { problems, words } from './messages.ts'
import { type AddValues, checkFree, type NewEntry, type NewKind, traitsFor } from './new-entry.ts'
import type { Models } from './open.ts'

/** An endpoint: it is asked which models it has, so that a name that it lacks is noticed here. */
export async function addEndpoint(url: URL, values: AddValues, models: Models, io: Io): Promise<NewEntry> {
  const { api, vision, 'key-env': keyEnv } = values
  if (keyEnv !== undefined && !/^[A-Za-z_]\w*$/.test(keyEnv)) throw new ProblemError(problems.badKeyEnv())
  if (url.username !== '' || url.password !== '') throw new ProblemError(problems.badKeyEnv())
  if (vision !== undefined && vision !== 'yes') throw new ProblemError(problems.badVision(vision))
  if (values.file !== undefined) throw new ProblemError(problems.onlyForPython())
  url.hash = ''
  const base = url.href.replace(/\/$/, '')
  if (values.id !== undefined) checkFree(values.id, models)
  const probe = await (api === undefined ? probeEndpoint : probeAutomatic1111)(
    base,
    keyEnv === undefined ? undefined : io.env[keyEnv],
    { env: io.env, signal: io.signal },
  )
  const names = probe.ok ? probe.value : []
  const name = values.name ?? (names.length === 1 && api === undefined ? names[0] : undefined)
  // A WebUI has one loaded, which will do.
  if (name === undefined && api === undefined)
    throw new ProblemError(problems.nameMissing(base, names, probe.ok ? 'it has none' : probe.detail))
  const id = values.id ?? slug(name ?? api ?? url.host)
  checkFree(id, models)
  const kind = values.kind ?? (api === undefined ? kindByName(name ?? '') : 'image')
  if (api !== undefined && kind !== 'image')
    throw new ProblemError(problems.onlyForKind('--api', 'image', kind))
  const traits = traitsFor(kind, values)
  if (!probe.ok) io.stderr.write(words.unreached(base, probe.detail))
  else if (name !== undefined && !names.includes(name)) io.stderr.write(words.nameUnknownThere(base, name))
  return {
    id,
    kind,
    url: base,
    ...(name === undefined ? {} : { model: name }),
    ...(keyEnv === undefined ? {} : { key_env: keyEnv }),
    ...(api === undefined ? {} : { api }),
    ...(vision === undefined ? {} : { vision: true }),
    ...traits,
  }
}

/** A list of models says of none what it is for; the usual names do. */
function kindByName(name: string): NewKind {
  const usual: readonly (readonly [RegExp, NewKind])[] = [
    [/rerank/i, 'rerank'],
    [/embed/i, 'embedding'],
    [/whisper|transcribe/i, 'stt'],
    [/\btts\b|kokoro|orpheus/i, 'tts'],
    [/dall-e|gpt-image|stable-diffusion|flux/i, 'image'],
  ]
  return usual.find(([pattern]) => pattern.test(name))?.[1] ?? 'llm'
}
