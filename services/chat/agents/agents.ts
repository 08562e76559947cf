import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { writeFileAtomic } from '../../../lib/atomic-write.ts'
import { ProblemError } from '../../../lib/problem.ts'
import { watchFolder } from '../../../lib/watch-folder.ts'
import { agentNotes, agentProblems } from '../messages.ts'
import { type Agent, type AgentFault, type AgentInput, nameKey } from './agent.ts'
import { agentText, parseAgent, readAgentFile } from './agent-file.ts'

const shipped = join(import.meta.dirname, 'shipped')
/** Watches get lost and are blind on network mounts. */
const rescanMs = 5000

interface AgentFile {
  /** Of its last state that was looked at. */
  readonly stamp: string
  /** As it last was right. */
  readonly agent: Agent | undefined
  readonly problem: string | undefined
}

/**
 * The agents that there are: files `<home>/agents/*.yaml`, and the shipped ones whose names no file has. What is written there
 * counts at once; a file that is broken goes on as it last was, and is in `problems`.
 */
export class Agents {
  readonly #folder: string
  readonly #log: (line: string) => void
  readonly #files = new Map<string, AgentFile>()
  #byKey = new Map<string, { agent: Agent; file: string }>()
  /** Keys of the shipped ones. */
  #shipped = new Set<string>()
  #faults: AgentFault[] = []
  #looking: Promise<void> = Promise.resolve()
  #stop: () => void = () => undefined
  readonly #listeners = new Set<() => void>()

  private constructor(folder: string, log: (line: string) => void) {
    this.#folder = folder
    this.#log = log
  }

  static async open({ home, log }: { home: string; log: (line: string) => void }): Promise<Agents> {
    const agents = new Agents(join(home, 'agents'), log)
    await mkdir(agents.#folder, { recursive: true })
    const look = (): void => void agents.#look()
    const watcher = watchFolder(agents.#folder, look)
    const timer = setInterval(look, rescanMs).unref()
    agents.#stop = () => {
      watcher?.close()
      clearInterval(timer)
    }
    await agents.#look()
    return agents
  }

  /** By name. */
  list(): Agent[] {
    return [...this.#byKey.values()].map(({ agent }) => agent)
  }

  get(name: string): Agent | undefined {
    return this.#byKey.get(nameKey(name))?.agent
  }

  problems(): readonly AgentFault[] {
    return this.#faults
  }

  /** What a new room has: the agents that ship, also those that have a file of the user's by now. */
  defaults(): string[] {
    return [...this.#byKey].filter(([key]) => this.#shipped.has(key)).map(([, { agent }]) => agent.name)
  }

  /** Whether it is as it was shipped, with no file of the user's. */
  isShipped(name: string): boolean {
    return this.#byKey.get(nameKey(name))?.file.startsWith(shipped) === true
  }

  /** Makes an agent, or writes over the file of the one with this name. Throws a ProblemError `bad_agent`. */
  async save(input: AgentInput): Promise<Agent> {
    const text = agentText(input)
    const known = typeof input.name === 'string' ? this.#byKey.get(nameKey(input.name)) : undefined
    const read = parseAgent(text, agentNotes.definition)
    if ('problem' in read) throw new ProblemError(agentProblems.badAgent(read.problem))
    const own = known === undefined || known.file.startsWith(shipped) ? undefined : known.file
    await writeFileAtomic(own ?? (await this.#freeFile(read.agent.name)), text)
    await this.#look()
    return read.agent
  }

  /** Removes the file of an agent; a shipped one of this name is there again. Throws ProblemErrors `no_such_agent`, `agent_shipped`. */
  async remove(name: string): Promise<void> {
    const known = this.#byKey.get(nameKey(name))
    if (known === undefined) throw new ProblemError(agentProblems.noSuchAgent(name))
    if (known.file.startsWith(shipped)) throw new ProblemError(agentProblems.agentShipped(name))
    await rm(known.file, { force: true })
    await this.#look()
  }

  /** After each change of an agent, or of what is wrong with a file. Returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#stop()
    await this.#looking
  }

  /** One look after the other, so that a later state never gives way to an earlier one. */
  #look(): Promise<void> {
    this.#looking = this.#looking
      .then(() => this.#scan())
      .catch((error: unknown) => this.#log(agentNotes.trouble(this.#folder, error)))
    return this.#looking
  }

  async #scan(): Promise<void> {
    const paths = [...(await yamlFiles(this.#folder)), ...(await yamlFiles(shipped))]
    let isNew = false
    for (const path of this.#files.keys()) if (!paths.includes(path)) isNew = this.#files.delete(path)
    for (const path of paths) {
      const before = this.#files.get(path)
      const stamp = await stampOf(path)
      if (before?.stamp === stamp) continue
      isNew = true
      const read = await readAgentFile(path)
      if (read === undefined) this.#files.delete(path)
      else if ('agent' in read) this.#files.set(path, { stamp, agent: read.agent, problem: undefined })
      else {
        this.#files.set(path, { stamp, agent: before?.agent, problem: read.problem })
        this.#log(agentNotes.broken(read.problem, before?.agent?.name))
      }
    }
    this.#sortOut(paths)
    if (isNew) for (const listener of this.#listeners) listener()
  }

  /** The user's own files come first, in the order of their names. */
  #sortOut(paths: readonly string[]): void {
    const byKey = new Map<string, { agent: Agent; file: string }>()
    const faults: AgentFault[] = []
    for (const file of paths) {
      const { agent, problem } = this.#files.get(file) ?? {}
      if (problem !== undefined)
        faults.push({ file, problem, ...(agent === undefined ? {} : { agent: agent.name }) })
      if (agent === undefined) continue
      const other = byKey.get(nameKey(agent.name))
      if (other === undefined) byKey.set(nameKey(agent.name), { agent, file })
      else if (!file.startsWith(shipped))
        faults.push({ file, problem: `${file}: ${agentNotes.twice(agent.name, basename(other.file))}` })
    }
    this.#shipped = new Set(
      [...this.#files].flatMap(([file, { agent }]) =>
        agent !== undefined && file.startsWith(shipped) ? [nameKey(agent.name)] : [],
      ),
    )
    this.#byKey = new Map([...byKey].sort(([a], [b]) => (a < b ? -1 : 1)))
    this.#faults = faults
  }

  /** `<name>.yaml`, unless that is another agent's. */
  async #freeFile(name: string): Promise<string> {
    const taken = new Set((await readdir(this.#folder)).map(nameKey))
    for (let n = 1; ; n++) {
      const file = n === 1 ? `${name}.yaml` : `${name}-${n}.yaml`
      if (!taken.has(nameKey(file))) return join(this.#folder, file)
    }
  }
}

async function yamlFiles(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder)
    return names
      .filter(name => /^[^.].*\.ya?ml$/.test(name))
      .sort()
      .map(name => join(folder, name))
  } catch (error) {
    // Somebody removed it; it is made again with the next agent.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

async function stampOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(path)
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`
  } catch (error) {
    // A link to nothing has the same words each time.
    if (error instanceof Error && 'code' in error) return String(error.code)
    throw error
  }
}
