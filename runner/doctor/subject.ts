import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { ProblemError, type Problem } from '../../lib/problem.ts'
import { socketDir } from '../../lib/socket-dir.ts'
import { runContext, type RunContext, type WhereValues } from '../run-context.ts'

/** What doctor looks at. */
export interface Subject {
  /** Courante's own folder. */
  readonly root: string
  /** It lies in another project's node_modules. */
  readonly isPackage: boolean
  readonly dir: string
  readonly home: string
  readonly modelsDir: string
  readonly sockets: string
  /** Undefined where the stack file is broken: `fault` says how. */
  readonly context: RunContext | undefined
  readonly fault: Problem | undefined
  /** As words of a command line, with a blank before them: the --stack and --home that were given. */
  readonly where: string
}

const root = join(import.meta.dirname, '../..')

/** With a broken stack file, the usual places are looked at all the same. */
export async function openSubject(values: WhereValues, io: Io): Promise<Subject> {
  const given = (['stack', 'home'] as const).map(name => (values[name] ? ` --${name} ${values[name]}` : ''))
  const common = { root, isPackage: root.includes('/node_modules/'), where: given.join('') }
  try {
    const context = await runContext(values, io)
    const { dir, home, models: modelsDir } = context.places
    return { ...common, dir, home, modelsDir, sockets: context.sockets, context, fault: undefined }
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    const here = join(io.cwd, 'stack.yaml')
    const own = join(root, 'stack.yaml')
    const usual = existsSync(here) || !existsSync(own) ? here : own
    const dir = dirname(resolve(io.cwd, values.stack ?? usual))
    const home = resolve(io.cwd, values.home ?? join(dir, 'var'))
    const modelsDir = resolve(io.cwd, io.env['COURANTE_MODELS'] ?? join(dir, 'models/files'))
    const sockets = socketDir(home, io.env)
    return { ...common, dir, home, modelsDir, sockets, context: undefined, fault: error.problem }
  }
}
