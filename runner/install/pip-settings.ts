import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Io } from '../../lib/io.ts'

/** What pip is told by its variables (PIP_…) and its configuration files, by key, such as `find-links`. */
export type PipSettings = ReadonlyMap<string, string>

/** As pip reads them, without running it: variables go over files. Those of the venv itself are left out. */
export function readPipSettings(env: Io['env'], ofSystem = '/etc/pip.conf'): PipSettings {
  const settings = new Map<string, string>()
  for (const file of configFiles(env, ofSystem))
    for (const [key, value] of keysIn(file)) settings.set(key, value)
  for (const [name, value] of Object.entries(env)) {
    const key = /^PIP_([A-Z_]+)$/.exec(name)?.[1]?.toLowerCase().replaceAll('_', '-')
    if (key !== undefined && value !== undefined && value !== '') settings.set(key, value)
  }
  settings.delete('config-file')
  return settings
}

function configFiles(env: Io['env'], ofSystem: string): string[] {
  const home = env['HOME'] ?? homedir()
  const named = env['PIP_CONFIG_FILE']
  // pip's own rule: that file switches all the others off.
  if (named === '/dev/null') return []
  const shared = (env['XDG_CONFIG_DIRS'] ?? '/etc/xdg').split(':').map(folder => join(folder, 'pip/pip.conf'))
  const own =
    process.platform === 'darwin'
      ? join(home, 'Library/Application Support/pip/pip.conf')
      : join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'pip/pip.conf')
  return [...shared, ofSystem, join(home, '.pip/pip.conf'), own, ...(named === undefined ? [] : [named])]
}

/** The keys that count for an installation, whatever their section's name is. */
function keysIn(file: string): [string, string][] {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return []
  const keys: [string, string][] = []
  let counts = false
  for (const line of readFileSync(file, 'utf8').split(/\r?\n/)) {
    const section = /^\s*\[(.*?)\]/.exec(line)?.[1]
    if (section !== undefined) counts = section === 'global' || section === 'install'
    const [, key, value] = /^([a-z][\w-]*)\s*[=:]\s*(.*?)\s*$/i.exec(line) ?? []
    const last = keys.at(-1)
    if (!counts || /^\s*[#;]/.test(line)) continue
    if (key !== undefined && value !== undefined) keys.push([key.toLowerCase().replaceAll('_', '-'), value])
    // A line that begins with blanks goes on with the value before.
    else if (/^\s+\S/.test(line) && last !== undefined) last[1] = `${last[1]} ${line.trim()}`.trim()
  }
  return keys
}
