import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { ProblemError } from '../../../lib/problem.ts'
import type { Package, PackageManager } from './found.ts'
import { initMessages } from './messages.ts'
import { readIfThere } from './read.ts'

const names = z.array(z.string())

const packageSchema = z.object({
  name: z.string().optional(),
  packageManager: z.string().optional(),
  scripts: z.record(z.string(), z.string()).default({}),
  workspaces: z.union([names, z.object({ packages: names.default([]) })]).optional(),
})

export interface ReadPackage {
  readonly found: Package
  /** Patterns of the folders of its workspaces. */
  readonly workspaces: readonly string[]
}

/** The package of a folder of the project, or undefined; `manager` is the root's, which its workspaces share. */
export async function readPackage(
  folder: string,
  dir: string,
  manager?: PackageManager,
): Promise<ReadPackage | undefined> {
  const path = join(folder, dir, 'package.json')
  const text = await readIfThere(path)
  if (text === undefined) return undefined
  const parsed = packageSchema.safeParse(parseJson(path, text))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new ProblemError(
      initMessages.packageStrange(path, lineOfKey(text, issue?.path ?? []), (issue?.path ?? []).join('.')),
    )
  }
  const { name, scripts, packageManager, workspaces = [] } = parsed.data
  const vitePort = await portOfVite(join(folder, dir))
  const patterns = Array.isArray(workspaces) ? workspaces : workspaces.packages
  return {
    found: {
      dir,
      ...(name === undefined ? {} : { name }),
      manager: manager ?? managerOf(packageManager, join(folder, dir)),
      scripts,
      ...(await readPrograms(scripts, join(folder, dir))),
      ...(vitePort === undefined ? {} : { vitePort }),
    },
    workspaces: [...patterns, ...(await pnpmWorkspaces(join(folder, dir)))],
  }
}

async function pnpmWorkspaces(folder: string): Promise<string[]> {
  const path = join(folder, 'pnpm-workspace.yaml')
  const text = await readIfThere(path)
  if (text === undefined) return []
  const parsed = z
    .object({ packages: names.default([]) })
    .safeParse(parse(text, { logLevel: 'silent' }) ?? {})
  return parsed.success ? parsed.data.packages : []
}

function managerOf(named: string | undefined, folder: string): PackageManager {
  const said = /^(npm|pnpm|yarn|bun)(?:@|$)/.exec(named ?? '')?.[1] as PackageManager | undefined
  return said ?? lockfiles.find(([file]) => existsSync(join(folder, file)))?.[1] ?? 'npm'
}

const lockfiles: readonly (readonly [string, PackageManager])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
]

async function portOfVite(folder: string): Promise<Package['vitePort']> {
  for (const end of ['ts', 'js', 'mts', 'mjs', 'cjs', 'cts']) {
    const text = await readIfThere(join(folder, `vite.config.${end}`))
    if (text === undefined) continue
    const [said, ...more] = [...text.matchAll(/\bport\s*[:,}]\s*([^,\s}]*)/g)]
    if (said === undefined) return undefined
    return more.length === 0 && /^\d+$/.test(said[1] ?? '') ? Number(said[1]) : 'unknown'
  }
  return undefined
}

/** A name such as `alpha` tells nothing, but the file that `node alpha.js` runs does. */
async function readPrograms(
  scripts: Package['scripts'],
  folder: string,
): Promise<Pick<Package, 'lasting' | 'needPort'>> {
  const lasting = new Set<string>()
  const needPort = new Set<string>()
  for (const [script, command] of Object.entries(scripts)) {
    const file =
      /^(?:[A-Z_]+=\S+ )*(?:node|tsx|ts-node|bun|sh|bash|python3?)(?: -\S+)* ([^\s"']+\.\w+)\b/.exec(
        command,
      )?.[1]
    const text = file === undefined ? command : `${command}\n${await readIfThere(join(folder, file))}`
    if (endless.test(text)) lasting.add(script)
    if (readsPort.test(text) && !hasOwnPort.test(text)) needPort.add(script)
  }
  return { lasting, needPort }
}

const endless =
  /\.listen\(|\bcreateServer\(|\bsetInterval\(|\bserve\(|\bserve_forever\(|\bwhile\s*(?:true|True|:|\(true\)|\(1\))/

const readsPort = /\bprocess\.env(?:\.PORT\b|\[['"]PORT['"]\])|\bos\.environ\[['"]PORT['"]\]/

/** `process.env.PORT || 3000`: it does well without. */
const hasOwnPort = /\bprocess\.env(?:\.PORT\b|\[['"]PORT['"]\])\)?\s*(?:\|\||\?\?|\?)/

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown
  } catch (error) {
    const { message } = error as SyntaxError
    // "… in JSON at position 20 (line 2 column 5)"; at the end of the text Node names no place.
    const place = /^(.*?)(?: in JSON)? at position \d+ \(line (\d+) column (\d+)\)/s.exec(message)
    const line = place?.[2] ?? String(text.trimEnd().split('\n').length)
    throw new ProblemError(
      initMessages.packageBroken(path, line, (place?.[1] ?? message).split('\n')[0] ?? ''),
      {
        cause: error,
      },
    )
  }
}

/** The line of the key that a path of keys leads to, found by its text: good enough to look there. */
function lineOfKey(text: string, path: readonly PropertyKey[]): number {
  let offset = 0
  for (const key of path) {
    const found = text.indexOf(JSON.stringify(String(key)), offset)
    if (found >= 0) offset = found
  }
  return text.slice(0, offset).split('\n').length
}
