import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Io } from '../../../lib/io.ts'
import type { ProgramSource } from '../../../models/programs.ts'
import { missingBuildTools } from './build-tools.ts'

/** Why a program can't be built. */
export type Obstacle =
  | { readonly type: 'path'; readonly folder: string; readonly character: string }
  | { readonly type: 'not_writable'; readonly folder: string }
  /** Of a bundle: the package that has it is not installed. */
  | { readonly type: 'no_sources' }
  | { readonly type: 'no_tools'; readonly tools: readonly string[] }

/** The first of them: where the place is wrong, tools are of no use. A few stats, and nothing is run. */
export function obstacleTo({ from }: ProgramSource, env: Io['env'], root: string): Obstacle | undefined {
  const character = unbuildable.exec(root)?.[0]
  if (character !== undefined) return { type: 'path', folder: root, character }
  const closed = closedFolder(join(root, '.runtime/programs'))
  if (closed !== undefined) return { type: 'not_writable', folder: closed }
  if (from.type === 'bundle' && !existsSync(join(root, from.path))) return { type: 'no_sources' }
  const tools = missingBuildTools(from.type === 'bundle', env)
  return tools.length === 0 ? undefined : { type: 'no_tools', tools }
}

/** What cmake and make each read as something else in a path. Tried with cmake 3.25; spaces, quotes ' and # are well. */
const unbuildable = /[:;\\"|[\p{Cc}]|\$\(/u

/** Of a folder that is there, or will be: the one in which this user would have to write and may not. */
function closedFolder(folder: string): string | undefined {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const above = dirname(folder)
    return code === 'ENOENT' && above !== folder ? closedFolder(above) : folder
  }
}
