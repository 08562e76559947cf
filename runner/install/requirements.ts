import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { satisfies } from './version.ts'

/** One line of a requirements file. `not_sure`: a line that only pip can judge (a marker, an extra, a URL, an option). */
export type Requirement =
  | { readonly type: 'plain'; readonly name: string; readonly specifier: string }
  | { readonly type: 'not_sure'; readonly text: string }

export interface Comparison {
  /** Requirements that are certainly not met. */
  readonly unmet: readonly string[]
  /** Lines that pip has to judge. */
  readonly unsure: readonly string[]
}

/** Installed packages by normalised name. */
export type Installed = ReadonlyMap<string, string>

export function compareRequirements(wanted: readonly Requirement[], installed: Installed): Comparison {
  const unmet: string[] = []
  const unsure: string[] = []
  for (const requirement of wanted) {
    if (requirement.type === 'not_sure') {
      unsure.push(requirement.text)
      continue
    }
    const version = installed.get(requirement.name)
    const verdict = version === undefined ? 'no' : satisfies(version, requirement.specifier)
    if (verdict === 'no') unmet.push(requirement.name + requirement.specifier)
    if (verdict === 'unsure') unsure.push(requirement.name + requirement.specifier)
  }
  return { unmet, unsure }
}

export function parseRequirements(text: string): Requirement[] {
  const lines = text.replaceAll(/\\\r?\n/g, ' ').split('\n')
  return lines.flatMap((line): Requirement[] => {
    // pip's rule: a comment starts at the line's start or after white space, so that a URL may hold a #.
    const bare = line.replace(/(^|\s)#.*$/, '').trim()
    if (bare === '' || /^--?(index-url|extra-index-url|find-links|no-index|trusted-host|i|f)\b/.test(bare))
      return []
    const match = /^([A-Za-z0-9][A-Za-z0-9._-]*)\s*((?:[<>=!~]=?=?\s*[^\s,;]+\s*,?\s*)*)$/.exec(bare)
    if (match?.[1] === undefined) return [{ type: 'not_sure', text: bare }]
    return [{ type: 'plain', name: normalize(match[1]), specifier: (match[2] ?? '').replaceAll(/\s/g, '') }]
  })
}

/** All lines of the files, with those of files that they include by `-r`; a file that is not there is passed over. */
export function readRequirements(paths: readonly string[]): { files: string[]; wanted: Requirement[] } {
  const files: string[] = []
  const wanted: Requirement[] = []
  const queue = [...paths]
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (files.includes(path) || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) continue
    files.push(path)
    for (const requirement of parseRequirements(readFileSync(path, 'utf8'))) {
      const include =
        requirement.type === 'not_sure'
          ? /^(?:-r|--requirement)[\s=]*(\S+)$/.exec(requirement.text)?.[1]
          : undefined
      if (include === undefined) wanted.push(requirement)
      else queue.push(resolve(dirname(path), include))
    }
  }
  return { files, wanted }
}

/** What lies in a site-packages folder, from the METADATA of each *.dist-info. */
export function readInstalled(sitePackages: string): Installed {
  const installed = new Map<string, string>()
  for (const folder of readdirSync(sitePackages)) {
    if (!folder.endsWith('.dist-info')) continue
    const path = join(sitePackages, folder, 'METADATA')
    // A package whose removal was interrupted leaves a folder without it.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) continue
    const text = readFileSync(path, 'utf8')
    const name = /^Name:\s*(\S+)\s*$/m.exec(text)?.[1]
    const version = /^Version:\s*(\S+)\s*$/m.exec(text)?.[1]
    if (name !== undefined && version !== undefined) installed.set(normalize(name), version)
  }
  return installed
}

/** Python's own rule for when two names mean one package. */
function normalize(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-')
}
