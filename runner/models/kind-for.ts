import { ProblemError } from '../../lib/problem.ts'
import type { KindLook } from '../../models/look-at-model.ts'
import { problems } from './messages.ts'
import type { AddValues, NewKind } from './new-entry.ts'

/** What the user says where that can be, else what the file is. */
export function kindFor(path: string, look: Extract<KindLook, { ok: true }>, { kind }: AddValues): NewKind {
  const text: readonly NewKind[] = ['llm', 'embedding', 'rerank']
  const isFit = kind === undefined || kind === look.kind || (text.includes(kind) && text.includes(look.kind))
  if (!isFit) throw new ProblemError(problems.otherKind(path, look.kind, kind))
  return kind ?? look.kind
}
