import { join } from 'node:path'
import { socketDir } from '../../lib/socket-dir.ts'
import type { Io } from '../../lib/io.ts'
import type { Item, Kept, Survey } from './item.ts'
import { entriesOf, isInside, lstatOf } from './paths.ts'
import type { Place } from './place.ts'

/** What lies in a home: what runs leave goes, what people made stays unless they purge. */
export function inHome(place: Place, purge: boolean, io: Io): Survey {
  const items: Item[] = socketFolders(place, io)
  const kept: Kept[] = []
  const { home } = place
  if (!place.isHomeOurs) {
    // Before a first run, an installation may have left its log there.
    const log = join(home, 'logs/pip.log')
    if (lstatOf(log)?.isFile() === true) items.push({ group: 'logs', path: join(home, 'logs'), only: [log] })
    const names = entriesOf(home).map(entry => entry.name)
    if (names.some(name => ofRuns.has(name))) kept.push({ path: home, why: 'shared_home' })
    return { items, kept }
  }
  // Nobody else's things lie in a clone's own var.
  const isAllOurs = place.isOwn && isInside(home, place.root)
  for (const entry of entriesOf(home)) {
    const path = join(home, entry.name)
    if (entry.name === 'run') items.push({ group: 'run', path, last: join(path, 'stack.json') })
    else if (entry.name === 'logs' || passing.test(entry.name)) items.push({ group: 'logs', path })
    else if (entry.name === 'portals' && (purge || !hasJobs(path))) items.push({ group: 'logs', path })
    else if (entry.name === 'portals') kept.push({ path, why: 'jobs' })
    else if (purge && (isAllOurs || ofPeople.test(entry.name))) items.push({ group: 'own', path })
    else if (ofPeople.test(entry.name)) kept.push({ path, why: 'own' })
    else kept.push({ path, why: 'unknown' })
  }
  return { items, kept }
}

/** By these, a home is known at sight. */
const ofRuns = new Set(['run', 'logs', 'portals'])

/** Of a test whether the home can be written, of a file that was being replaced, and the index of rooms, which is made anew. */
const passing = /^(\.courante-\w{6}|search\.db(-\w+)?)$/

/** What people said, made and set. */
const ofPeople = /^(transcript\.log|models\.yaml|rooms|uploads|agents|state\.db(-\w+)?)$/

/** Whether somebody waits for an answer, or has one to collect (docs/portal.md). */
function hasJobs(portals: string): boolean {
  return entriesOf(portals).some(({ name: service }) =>
    entriesOf(join(portals, service)).some(({ name: user }) => {
      const folder = join(portals, service, user)
      if (user === '.run') {
        const claimed = entriesOf(folder).flatMap(({ name }) =>
          entriesOf(join(folder, name)).map(one => join(folder, name, one.name)),
        )
        return claimed.some(one => entriesOf(one).length > 0)
      }
      if (user === '.dead')
        return entriesOf(folder).some(({ name }) => entriesOf(join(folder, name)).length > 0)
      if (user.startsWith('.')) return false
      return ['todo', 'live', 'done', 'error'].some(state => entriesOf(join(folder, state)).length > 0)
    }),
  )
}

/** All that a run has outside: the folder of its sockets, by this terminal's environment and without one. */
function socketFolders({ sockets, homeAsNamed }: Place, io: Io): Item[] {
  const inTemp = socketDir(homeAsNamed, { ...io.env, XDG_RUNTIME_DIR: undefined })
  return [...new Set([sockets, inTemp])]
    .filter(path => {
      const stat = lstatOf(path)
      return stat?.isDirectory() === true && stat.uid === process.getuid?.()
    })
    .map(path => ({ group: 'sockets', path }))
}
