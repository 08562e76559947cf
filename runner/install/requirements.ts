import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { normalizeName } from './marker.ts'
import { readScriptNeeds } from './script-metadata.ts'

/** One line of a requirements file. `not_sure`: a line that only pip can judge (a URL, a path, an option). */
export type Requirement =
  | {
      readonly type: 'plain'
      /** Normalised, as the extras are. */
      readonly name: string
      readonly extras: readonly string[]
      readonly specifier: string
      /** Under which it counts; '' for always. */
      readonly marker: string
    }
  | { readonly type: 'not_sure'; readonly text: string }

export interface ReadRequirements {
  /** All files that the lines depend on: included ones, constraints, and what describes a project that is installed from its folder. */
  readonly files: readonly string[]
  readonly wanted: readonly Requirement[]
}

/**
 * All lines of the files, with those of files that they include by `-r`; a file that is not there is passed over. Of a program in
 * Python they are its dependencies.
 */
export function readRequirements(paths: readonly string[]): ReadRequirements {
  const files = new Set<string>()
  const wanted: Requirement[] = []
  const queue = [...paths]
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (files.has(path) || !isFile(path)) continue
    files.add(path)
    const text = readFileSync(path, 'utf8')
    for (const requirement of parseRequirements(isScript(path) ? packagesOf(text).join('\n') : text)) {
      const named = requirement.type === 'not_sure' ? namedFile(requirement.text, dirname(path)) : undefined
      if (named?.type === 'included') queue.push(named.path)
      else wanted.push(requirement)
      if (named?.type === 'constraints') files.add(named.path)
      if (named?.type === 'project') for (const file of named.files) files.add(file)
    }
  }
  return { files: [...files], wanted }
}

export function isScript(path: string): boolean {
  return path.endsWith('.py')
}

/** What a program says that it needs. One that says it wrongly was refused as it was added, and stops nobody later. */
export function packagesOf(script: string): readonly string[] {
  const read = readScriptNeeds(script)
  return read.ok ? read.needs.packages : []
}

export function parseRequirements(text: string): Requirement[] {
  const lines = text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)
  return lines.flatMap((line): Requirement[] => {
    // pip's rule: a comment starts at the line's start or after white space, so that a URL may hold a #.
    const bare = line.replace(/(^|\s)#.*$/, '').trim()
    if (bare === '' || /^--?(index-url|extra-index-url|find-links|no-index|trusted-host|i|f)\b/.test(bare))
      return []
    // Hashes are for pip to check when it fetches the package.
    return [parseRequirement(bare.replaceAll(/\s--hash[=\s]\S+/g, '')) ?? { type: 'not_sure', text: bare }]
  })
}

/** `name[extra]>=1,<2 ; marker`, as in a requirements file or a package's METADATA; undefined for anything else. */
export function parseRequirement(text: string): Extract<Requirement, { type: 'plain' }> | undefined {
  const match =
    /^([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)\s*(?:\[([a-z0-9._,\s-]*)\])?\s*(\(?)\s*((?:[<>=!~]=?=?\s*(?:[^\s,;()<>=~!]|!\d)+\s*,?\s*)*)(\)?)\s*(?:;(.*))?$/i.exec(
      text,
    )
  if (match?.[1] === undefined || (match[3] === '(') !== (match[5] === ')')) return undefined
  return {
    type: 'plain',
    name: normalizeName(match[1]),
    extras: (match[2] ?? '')
      .split(',')
      .map(extra => normalizeName(extra.trim()))
      .filter(extra => extra !== ''),
    specifier: (match[4] ?? '').replaceAll(/\s/g, '').replace(/,$/, ''),
    marker: (match[6] ?? '').trim(),
  }
}

/** How a requirement is shown. */
export function requirementText(requirement: Requirement): string {
  if (requirement.type === 'not_sure') return requirement.text
  const { name, extras, specifier } = requirement
  return `${name}${extras.length === 0 ? '' : `[${extras.join(',')}]`}${specifier}`
}

type NamedFile =
  | { readonly type: 'included' | 'constraints'; readonly path: string }
  | { readonly type: 'project'; readonly files: readonly string[] }

function namedFile(line: string, folder: string): NamedFile | undefined {
  const [, option = '', value = ''] =
    /^(-r|--requirement|-c|--constraint|-e|--editable)[\s=]*(\S+)$/.exec(line) ?? []
  const path = resolve(folder, option === '' ? line : value)
  if (/^-r|^--req/.test(option)) return isFile(path) ? { type: 'included', path } : undefined
  if (/^-c|^--con/.test(option)) return isFile(path) ? { type: 'constraints', path } : undefined
  // What `-e .` and `./a-folder` ask for stands there.
  const files = ['pyproject.toml', 'setup.cfg', 'setup.py'].map(name => join(path, name))
  return { type: 'project', files: files.filter(file => existsSync(file)) }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
