import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface ScriptUsage {
  readonly name: string
  readonly usage: string
  readonly summary: string
}

const folder = join(import.meta.dirname, '../scripts')

/** The commands of scripts/, by the first line of each file: `// name ARGUMENTS: what it does`. */
export async function scriptUsages(): Promise<ScriptUsage[]> {
  // An installed package has none: they are for the stack of the clone.
  const names = (existsSync(folder) ? await readdir(folder) : [])
    .filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .sort()
  const usages = await Promise.all(
    names.map(async name => parse(name, await readFile(join(folder, name), 'utf8'))),
  )
  return usages.filter(usage => usage !== undefined)
}

function parse(file: string, text: string): ScriptUsage | undefined {
  const match = /^\/\/ (\S+)(.*?): (.*)$/m.exec(text.slice(0, text.indexOf('\n')))
  const name = file.replace(/\.ts$/, '')
  if (match === null || match[1] !== name) return undefined
  return { name, usage: `${name}${match[2] ?? ''}`, summary: match[3] ?? '' }
}
