import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Check } from './check.ts'
import { says } from './messages.ts'

/** Whether the home can be written, by its permissions and its disk alone: a look writes nothing. */
export function homeWritable(home: string): Check {
  let at = home
  while (!existsSync(at) && at !== dirname(at)) at = dirname(at)
  try {
    accessSync(at, constants.W_OK | constants.X_OK)
    if (!statSync(at).isDirectory()) return says.homeClosed(home, 'ENOTDIR')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return says.homeClosed(home, code)
  }
  return says.home(home)
}

/** What people said and what services printed is nobody else's business. */
export function homePrivate(home: string): Check[] {
  return ['logs', 'run', 'transcript.log', 'rooms', 'uploads', 'state.db', 'search.db'].flatMap(name => {
    const path = join(home, name)
    const mode = statSync(path, { throwIfNoEntry: false })?.mode
    return mode === undefined || (mode & 0o044) === 0 ? [] : [says.homeOpen(path, (mode & 0o777).toString(8))]
  })
}
