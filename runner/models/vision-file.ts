import { resolve } from 'node:path'
import { ProblemError } from '../../lib/problem.ts'
import { lookAtGguf } from '../../models/gguf-files.ts'
import { statFile } from '../../models/stat-file.ts'
import { problems } from './messages.ts'
import type { AddValues } from './new-entry.ts'

/** For the entry of a model that lies here: the file that it sees with, which is here, too. */
export function visionFile({ vision }: AddValues, cwd: string): { readonly vision?: string } {
  if (vision === undefined) return {}
  const path = resolve(cwd, vision)
  if (statFile(path) === undefined) throw new ProblemError(problems.noFile(path, 'ENOENT'))
  const look = lookAtGguf(path)
  if (look.ok || look.reason !== 'projector') throw new ProblemError(problems.noEyes(path))
  return { vision: path }
}
