import type { Package } from './found.ts'

/** How a command uses the scripts of its own package: `concurrently "npm:dev:*"`, `run-p web api`, `npm start`. */
export interface References {
  readonly scripts: readonly string[]
  /** Whether it does anything beside running them. */
  readonly only: boolean
}

export function scriptsRunBy(command: string, scripts: Package['scripts']): References {
  if (!runners.test(command)) return { scripts: [], only: false }
  const tokens = command
    .replaceAll(/(?:^|\s)(?:-n|--names|-c|--prefix-colors|-p|--prefix)[ =](?:"[^"]*"|'[^']*'|\S+)/g, ' ')
    .split(/[\s"'\\&;|]+/)
    .filter(token => token !== '' && !token.startsWith('-') && !plumbing.has(token))
    .map(token => token.replace(/^(?:npm|pnpm|yarn|bun|node):/, ''))
  const found = new Set<string>()
  let only = true
  for (const token of tokens) {
    const matches = Object.keys(scripts).filter(name => isNamed(name, token))
    for (const match of matches) found.add(match)
    if (matches.length === 0) only = false
  }
  return { scripts: [...found], only: only && found.size > 0 }
}

function isNamed(script: string, token: string): boolean {
  if (!token.includes('*')) return script === token
  // As npm-run-all has it: a star stops at a colon, two do not.
  const pattern = token
    .split('**')
    .map(part =>
      part
        .split('*')
        .map(text => text.replaceAll(/[^\w:]/g, '\\$&'))
        .join('[^:]*'),
    )
    .join('.*')
  return new RegExp(`^${pattern}$`).test(script)
}

const runners = /\b(?:npm|pnpm|yarn|bun|concurrently|npm-run-all2?|run-p|run-s)\b/

const plumbing = new Set(
  'npm pnpm yarn bun npx run concurrently npm-run-all npm-run-all2 run-p run-s wait'.split(' '),
)

/** Whether a script of the root only starts what its workspaces have (turbo, `npm run dev -w web`, `cd web && …`). */
export function entersWorkspace(command: string, dirs: readonly string[]): boolean {
  if (
    /\b(?:turbo|lerna|nx|wireit)\b|\bpnpm (?:-r|--recursive|--parallel|--filter|-F)\b|\byarn workspaces?\b/.test(
      command,
    )
  )
    return true
  if (
    /(?:^|\s)(?:--workspaces?|-w|-ws|--filter)(?:[\s=]|$)/.test(command) &&
    /\b(?:npm|pnpm|bun)\b/.test(command)
  )
    return true
  const entered = /(?:\bcd|--prefix|--cwd|-C)[ =](?:\.\/)?([^\s;&"']+)/.exec(command)?.[1]?.replace(/\/$/, '')
  return entered !== undefined && dirs.includes(entered)
}
