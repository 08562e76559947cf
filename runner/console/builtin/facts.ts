import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isAlive, type ProcessIdentity } from '../../../lib/process-identity.ts'
import type { Facts } from './state.ts'

/** What lies in a home for people and programs that only look. Stacks without a core or portals have neither. */
export async function readFacts(home: string): Promise<Facts> {
  return {
    models: await readModels(join(home, 'run/core.json')),
    queues: await readQueues(join(home, 'portals')),
  }
}

/** As services/core/core-file.ts writes it; `measured` in bytes. */
interface CoreFile extends ProcessIdentity {
  readonly models?: readonly { readonly id: string; readonly state: string; readonly measured: number }[]
}

async function readModels(path: string): Promise<Facts['models']> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const core = JSON.parse(text) as CoreFile
  // A killed core leaves its file behind.
  if (core.models === undefined || !isAlive(core)) return []
  return core.models.map(({ id, state, measured }) => ({ name: id, state, memory: measured }))
}

/** As docs/portal.md has it: `<service>/<user>/todo/` holds what waits, `live/` the sessions that run. */
async function readQueues(spool: string): Promise<Facts['queues']> {
  const queues: { name: string; waiting: number; live: number }[] = []
  for (const name of (await namesIn(spool)).sort()) {
    const users = (await namesIn(join(spool, name))).map(user => join(spool, name, user))
    const count = async (folder: string): Promise<number> => {
      const names = await Promise.all(users.map(user => namesIn(join(user, folder))))
      return names.flat().length
    }
    queues.push({ name, waiting: await count('todo'), live: await count('live') })
  }
  return queues
}

/** None where there is no such folder; names with a dot are under construction. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter(name => !name.startsWith('.'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return []
    throw error
  }
}
