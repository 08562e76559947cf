import type { Found } from './found.ts'
import { comments } from './messages.ts'
import { uniqueName, validName } from './names.ts'
import { settlePorts } from './settle-ports.ts'
import { servesPages } from './tools.ts'
import { wishesOf } from './wishes.ts'

/** A stack file to be, with the reason for each line. Paths are relative to the project's folder. */
export interface Draft {
  readonly name: string
  readonly sources: readonly string[]
  readonly python?: {
    readonly version: string
    readonly venv: string
    readonly requirements: readonly string[]
    /** Whether it depends on packages at all. */
    readonly needs: boolean
  }
  readonly services: readonly DraftService[]
  /** Whether pages are served beside other things: then there are two panes. */
  readonly twoPanes: boolean
  readonly open?: string
  /** What is not started, and why. */
  readonly left: readonly string[]
}

export interface DraftService {
  readonly name: string
  readonly command: string
  readonly dir: string
  readonly port?: number
  readonly portWhy?: string
  readonly env: Readonly<Record<string, string>>
  readonly envWhy?: string
  readonly envFile: boolean
  readonly web: boolean
  readonly from: string
}

/** Pure: from what lies in a folder to what its stack file says; undefined where nothing is there to start. */
export function draft(found: Found): Draft | undefined {
  const { wishes, left } = wishesOf(found)
  if (wishes.length === 0) return undefined
  const taken = new Set<string>()
  const named = wishes.map(wish => {
    const name = uniqueName(validName(wish.name, 'service'), taken)
    taken.add(name)
    return { ...wish, name }
  })
  const ports = settlePorts(named, found.dotEnv?.port ?? 5000)
  const services = named.map((wish): DraftService => {
    const settled = ports.get(wish.name)
    // A .env's PORT would win over the one that the key `port` gives.
    const over = found.dotEnv?.port !== undefined && settled?.port !== undefined
    const env = { ...wish.env, ...settled?.env, ...(over ? { PORT: String(settled.port) } : {}) }
    const envWhy = settled?.env === undefined ? (over ? comments.envOver : undefined) : settled.why
    return {
      name: wish.name,
      command: wish.command,
      dir: wish.dir,
      ...(settled?.port === undefined ? {} : { port: settled.port }),
      ...(settled?.why === undefined || settled.env !== undefined ? {} : { portWhy: settled.why }),
      env,
      ...(envWhy === undefined ? {} : { envWhy }),
      envFile: found.dotEnv !== undefined,
      web: servesPages(wish.program) || /^(?:web|frontend|client|ui|site)(?:-|$)/.test(wish.name),
      from: wish.from,
    }
  })
  const open = services.find(({ web, port }) => web && port !== undefined)?.name
  const python = pythonOf(found)
  const [root] = found.packages
  return {
    name: validName((root?.dir === '.' ? root.name : undefined) ?? found.folderName, 'stack'),
    sources: [...new Set(services.map(({ from }) => from.split(',')[0] ?? from))],
    ...(python === undefined ? {} : { python }),
    services,
    twoPanes: new Set(services.map(({ web }) => web)).size === 2,
    ...(open === undefined ? {} : { open }),
    left,
  }
}

/** One venv for all; uv and poetry make their own. */
function pythonOf({ python }: Found): Draft['python'] {
  const ours = python.filter(({ tool }) => tool === undefined)
  const [first] = ours
  if (first === undefined) return undefined
  const version = ours.find(one => one.version !== undefined && versionRange.test(one.version))?.version
  const at = (dir: string, file: string): string => (dir === '.' ? file : `${dir}/${file}`)
  return {
    version: version ?? '>=3.9',
    venv: at(first.dir, first.venv ?? 'venv'),
    needs: ours.some(one => one.dependencies.size > 0),
    requirements: ours.flatMap(({ dir, requirements }) => requirements.map(file => at(dir, file))),
  }
}

const versionRange = /^(?:>=|<=|==|!=|~=|>|<)\d+(?:\.\d+)*(?:,(?:>=|<=|==|!=|~=|>|<)\d+(?:\.\d+)*)*$/
