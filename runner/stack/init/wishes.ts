import { basename, join } from 'node:path'
import type { Found, Package } from './found.ts'
import { comments } from './messages.ts'
import { choosePython } from './python.ts'
import { entersWorkspace, scriptsRunBy } from './script-references.ts'
import { chooseScripts, type ScriptService } from './scripts.ts'
import { programOf, servesPages } from './tools.ts'

/** A service that was found, before its name and its port are settled. */
export interface Wish {
  readonly name: string
  readonly command: string
  /** What runs in the end: the script's text where the command is `npm run …`. */
  readonly program: string
  /** Relative to the project's folder. */
  readonly dir: string
  readonly from: string
  /** The PORT that foreman would give it. */
  readonly foreman?: number
  readonly vitePort?: Package['vitePort']
  readonly port?: number
  readonly needsPort?: boolean
  readonly env: Readonly<Record<string, string>>
}

export interface Wishes {
  readonly wishes: readonly Wish[]
  /** What is not started, and why. */
  readonly left: readonly string[]
}

export function wishesOf(found: Found): Wishes {
  const wishes: Wish[] = []
  const left: string[] = []
  const [first] = found.packages
  const root = first?.dir === '.' ? first : undefined
  const inProcfile = fromProcfile(found, root, wishes, left)
  const choices = found.packages.map(one => ({ one, choice: chooseScripts(one) }))
  const below = choices
    .filter(({ one, choice }) => one.dir !== '.' && choice.services.length > 0)
    .map(({ one }) => one.dir)
  for (const { one, choice } of choices) {
    const file = join(one.dir, 'package.json')
    for (const service of choice.services) {
      if (one === root && below.length > 0 && entersWorkspace(service.command, below))
        left.push(comments.left(file, [service.script], 'workspaces'))
      else if (one === root && inProcfile(service)) left.push(comments.procfileScript(file, service.script))
      else wishes.push(fromScript(one, service, file))
    }
    for (const [reason, scripts] of Object.entries(choice.left)) {
      if (scripts.length > 0) left.push(comments.left(file, scripts, reason as keyof typeof choice.left))
    }
  }
  for (const project of found.python) {
    const choice = choosePython(project)
    for (const { from, ...service } of choice.services) {
      const name = project.dir === '.' ? service.name : basename(project.dir)
      // A Procfile knows better than we do how its own project is served.
      if (found.procfile !== undefined) continue
      wishes.push({
        ...service,
        name,
        program: service.command,
        dir: project.dir,
        from: comments.file(join(project.dir, from)),
      })
    }
    if (choice.left.length > 0) left.push(comments.pythonLeft(choice.left))
  }
  return { wishes, left }
}

/** Returns whether the Procfile starts a script's service already. */
function fromProcfile(
  { procfile, dotEnv }: Found,
  root: Package | undefined,
  wishes: Wish[],
  left: string[],
): (service: ScriptService) => boolean {
  if (procfile === undefined) return () => false
  const { file, lines, unused } = procfile
  const scripts = root?.scripts ?? {}
  const named = new Set<string>()
  const programs = new Set<string>()
  for (const [index, { name, command, line }] of lines.entries()) {
    if (ends.has(name.toLowerCase())) {
      left.push(comments.procfileEnds(file, name, command))
      continue
    }
    const run = scriptsRunBy(command, scripts).scripts
    for (const script of run) named.add(script)
    const [only, ...more] = run
    const program = only !== undefined && more.length === 0 ? `${command}\n${scripts[only]}` : command
    programs.add(programOf(command))
    wishes.push({
      name,
      command,
      program,
      dir: '.',
      from: comments.line(file, line),
      foreman: (dotEnv?.port ?? 5000) + 100 * index,
      ...(root?.vitePort === undefined ? {} : { vitePort: root.vitePort }),
      env: {},
    })
  }
  if (unused !== undefined) left.push(comments.procfileUnused(unused, file))
  return ({ script, others, command }) =>
    [script, ...others].some(name => named.has(name)) ||
    programs.has(programOf(command)) ||
    /\b(?:foreman|nf|honcho|overmind|hivemind) (?:start|s)\b|\bbin\/dev\b/.test(command)
}

function fromScript(one: Package, { script, command, part }: ScriptService, file: string): Wish {
  const self = one.dir === '.' ? (servesPages(command) ? 'web' : 'app') : basename(one.dir)
  const name = part === undefined || part === self ? self : one.dir === '.' ? part : `${self}-${part}`
  return {
    name,
    command: `${one.manager} run ${script}`,
    program: command,
    dir: one.dir,
    from: comments.script(file, script, command),
    needsPort: one.needPort.has(script),
    ...(one.vitePort === undefined ? {} : { vitePort: one.vitePort }),
    env: {},
  }
}

/** Lines of a Procfile that a deployment runs once. */
const ends = new Set(
  'release prepare build migrate migration predeploy postdeploy setup seed console'.split(' '),
)
