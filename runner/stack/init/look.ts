import { existsSync } from 'node:fs'
import { glob, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { ProblemError } from '../../../lib/problem.ts'
import type { Found, Procfile } from './found.ts'
import { lookAtPython, tellsOfPython } from './look-python.ts'
import { initMessages } from './messages.ts'
import { readPackage } from './package-json.ts'
import { parseProcfile } from './procfile.ts'
import { readIfThere } from './read.ts'

/** Reads a project's folder. Throws a ProblemError with file and line for what is broken in it. */
export async function look(folder: string): Promise<Found> {
  const root = await readPackage(folder, '.')
  const packages = root === undefined ? [] : [root.found]
  const dirs = root === undefined ? await subfolders(folder) : await workspaceDirs(folder, root.workspaces)
  for (const dir of dirs) {
    const read = await readPackage(folder, dir, root?.found.manager)
    if (read !== undefined) packages.push(read.found)
  }
  const pythonDirs = tellsOfPython(folder) ? ['.'] : await subfolders(folder)
  const python = await Promise.all(
    pythonDirs.filter(dir => tellsOfPython(join(folder, dir))).map(dir => lookAtPython(folder, dir)),
  )
  const procfile = await lookAtProcfile(folder)
  const dotEnv = await lookAtEnv(folder)
  return {
    folderName: basename(folder),
    ...(procfile === undefined ? {} : { procfile }),
    packages,
    python,
    ...(dotEnv === undefined ? {} : { dotEnv }),
  }
}

async function lookAtProcfile(folder: string): Promise<Procfile | undefined> {
  const there = ['Procfile.dev', 'Procfile'].filter(name => existsSync(join(folder, name)))
  const [file, unused] = there
  if (file === undefined) return undefined
  const path = join(folder, file)
  const lines = parseProcfile((await readIfThere(path)) ?? '')
  if (!Array.isArray(lines))
    throw new ProblemError(initMessages.procfileBroken(path, lines.line, lines.reason))
  return { file, lines, ...(unused === undefined ? {} : { unused }) }
}

async function lookAtEnv(folder: string): Promise<Found['dotEnv']> {
  const text = await readIfThere(join(folder, '.env'))
  if (text === undefined) return undefined
  const port = Number(parseEnv(text)['PORT'])
  return Number.isInteger(port) && port > 0 && port <= 65535 ? { port } : {}
}

async function workspaceDirs(folder: string, patterns: readonly string[]): Promise<string[]> {
  const without = patterns.filter(pattern => pattern.startsWith('!')).map(pattern => pattern.slice(1))
  const dirs = new Set<string>()
  for (const pattern of patterns.filter(one => !one.startsWith('!'))) {
    const found = glob(`${pattern.replace(/\/$/, '')}/package.json`, {
      cwd: folder,
      exclude: ['**/node_modules/**', ...without],
    })
    for await (const path of found) dirs.add(dirname(path))
  }
  return [...dirs].filter(dir => dir !== '.' && !dir.split('/').includes('node_modules')).sort()
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter(entry => entry.isDirectory() && !/^(?:\.|node_modules$|venv$|vendor$)/.test(entry.name))
    .map(entry => entry.name)
    .sort()
}
