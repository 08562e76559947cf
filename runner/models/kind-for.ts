import { extname } from 'node:path'
import { ProblemError } from '../../lib/problem.ts'
import type { KindLook } from '../../models/look-at-model.ts'
import { problems } from './messages.ts'
import { type AddValues, checkTraits, type NewKind } from './new-entry.ts'

const text: readonly NewKind[] = ['llm', 'embedding', 'rerank']

/** What the user says where that can be, else what the file is. */
export function kindFor(path: string, look: Extract<KindLook, { ok: true }>, { kind }: AddValues): NewKind {
  const isFit = kind === undefined || kind === look.kind || (text.includes(kind) && text.includes(look.kind))
  if (!isFit) throw new ProblemError(problems.otherKind(path, look.kind, kind))
  return kind ?? look.kind
}

/** The same as far as a file's name tells it, before it is downloaded: what can never fit is refused. */
export function checkByName(name: string, values: AddValues): void {
  const kinds = kindsByName[extname(name).toLowerCase()]
  if (kinds === undefined) return
  const { kind } = values
  if (kind !== undefined && !kinds.includes(kind))
    throw new ProblemError(problems.otherKind(name, kinds.join(', '), kind))
  checkTraits(kind === undefined ? kinds : [kind], values)
}

const kindsByName: Readonly<Record<string, readonly NewKind[]>> = {
  '.gguf': [...text, 'image'],
  '.bin': ['stt'],
  '.safetensors': ['image'],
}
