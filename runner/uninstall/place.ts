import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { jsonOrUndefined } from '../../lib/parse-json.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { socketDir } from '../../lib/socket-dir.ts'
import type { ModelEntry } from '../../models/catalog.ts'
import type { WhereValues } from '../run-context.ts'
import { problems } from './messages.ts'
import { isInside, lstatOf, realOf } from './paths.ts'

/** What uninstall is about. Every path is absolute, and none of `root`, `dir` and `home` has a link in it. */
export interface Place {
  /** Courante's own folder. */
  readonly root: string
  /** The stack is that of this very clone: its packages and its Node go, too. Else it is somebody's project. */
  readonly isOwn: boolean
  readonly dir: string
  readonly home: string
  /** Where `home` is named; a link there may lead to `home`. */
  readonly homeAsNamed: string
  /** Whether what lies in the home is known to be from a run; its names alone (`run`, `logs`) say nothing. */
  readonly isHomeOurs: boolean
  /** As it is named; a link may lead elsewhere. */
  readonly modelsDir: string
  readonly models: readonly ModelEntry[]
  readonly venv: string | undefined
  readonly sockets: string
  /** Of the user; no tree that holds one of these is ever removed. */
  readonly untouchable: readonly string[]
}

const root = realOf(join(import.meta.dirname, '../..'))

/**
 * Finds out what a call is about. In a clone, this works without packages and with a broken stack file, too: an uninstall
 * that was killed half way has to be able to go on.
 */
export async function openPlace(values: WhereValues, io: Io): Promise<Place> {
  const found = await readPlace(values, io)
  const dir = realOf(found.dir)
  const home = realOf(found.home)
  return {
    root,
    ...found,
    isOwn: dir === root && !root.includes('/node_modules/'),
    dir,
    home,
    homeAsNamed: found.home,
    isHomeOurs: isHomeOurs(home, found.home, dir),
    untouchable: [root, dir, realOf(io.env['HOME'] || homedir()), '/'],
  }
}

type Found = Pick<Place, 'dir' | 'home' | 'modelsDir' | 'models' | 'venv' | 'sockets'>

async function readPlace(values: WhereValues, io: Io): Promise<Found> {
  try {
    const { runContext } = await import('../run-context.ts')
    const { loaded, places, sockets } = await runContext(values, io)
    const { dir, home, models: modelsDir, venv } = places
    return { dir, home, modelsDir, models: loaded.stack.models, venv, sockets }
  } catch (error) {
    const isUnpacked = noPackages.has((error as NodeJS.ErrnoException).code ?? '')
    if (!(error instanceof ProblemError) && !isUnpacked) throw error
    if (!isAboutOwn(values, io)) {
      if (isUnpacked) throw new ProblemError(problems.noPackages(root), { cause: error })
      throw error
    }
    const home = resolve(io.cwd, values.home ?? join(root, 'var'))
    return {
      dir: root,
      home,
      modelsDir: resolve(io.cwd, io.env['COURANTE_MODELS'] ?? join(root, 'models/files')),
      models: [],
      venv: join(root, 'venv'),
      sockets: socketDir(home, io.env),
    }
  }
}

/** What an import says when packages are missing, all or some of them. */
export const noPackages = new Set([
  'ERR_MODULE_NOT_FOUND',
  'MODULE_NOT_FOUND',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
])

function isAboutOwn({ stack }: WhereValues, io: Io): boolean {
  const own = join(root, 'stack.yaml')
  if (!existsSync(own)) return false
  const here = join(io.cwd, 'stack.yaml')
  return realOf(stack === undefined ? (existsSync(here) ? here : own) : resolve(io.cwd, stack)) === own
}

/**
 * The usual one of a clone is; of any other, the stack that a run left in it has to name it. A project that is its own
 * home, or a person's, never is: `logs` and `run` are common names.
 */
function isHomeOurs(home: string, asNamed: string, dir: string): boolean {
  if (isInside(dir, home) || isInside(homedir(), home)) return false
  if (home === join(root, 'var') && dir === root) return true
  const path = join(home, 'run/stack.json')
  if (lstatOf(path)?.isFile() !== true) return false
  const stack = jsonOrUndefined(readFileSync(path, 'utf8')) as { home?: unknown } | null | undefined
  const named = stack?.home
  return typeof named === 'string' && (named === asNamed || realOf(named) === home)
}
