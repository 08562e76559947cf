import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { findOnPath } from '../../../lib/find-on-path.ts'
import type { Io } from '../../../lib/io.ts'

export interface BuildSystem {
  readonly platform: NodeJS.Platform
  readonly has: (path: string) => boolean
}

/** Those without which nothing can be built, by the names of their usual programs; `c++` is any compiler of it. */
export function missingBuildTools(
  isBundle: boolean,
  env: Io['env'],
  system: BuildSystem = { platform: process.platform, has: existsSync },
): string[] {
  const path = pathWithoutStubs(env, system)
  const isThere = (tool: string): boolean =>
    (tool === 'c++' && (env['CXX'] ?? '') !== '') ||
    (programs[tool] ?? [tool]).some(one => findOnPath(one, path) !== undefined)
  return ['cmake', 'c++', 'make', ...(isBundle ? ['git'] : [])].filter(tool => !isThere(tool))
}

/** Of which one is enough. */
const programs: Readonly<Record<string, readonly string[]>> = {
  'c++': ['c++', 'g++', 'clang++'],
  make: ['make', 'gmake'],
}

/** A Mac has them all in /usr/bin; until Apple's tools are installed, they open a window that offers these, and fail. */
function pathWithoutStubs(env: Io['env'], { platform, has }: BuildSystem): string | undefined {
  const path = env['PATH']
  const folders = [env['DEVELOPER_DIR'] ?? '', ...developerFolders].filter(folder => folder !== '')
  if (platform !== 'darwin' || folders.some(folder => has(join(folder, 'usr/bin/make')))) return path
  return path
    ?.split(delimiter)
    .filter(folder => folder !== '/usr/bin')
    .join(delimiter)
}

/** Where xcode-select finds them: what was chosen, Xcode's, the command line tools'. */
const developerFolders = [
  '/var/db/xcode_select_link',
  '/Applications/Xcode.app/Contents/Developer',
  '/Library/Developer/CommandLineTools',
]
