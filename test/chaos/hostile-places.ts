import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { UserFolders } from '../../services/portal/layout.ts'
import { hasCode } from '../../services/portal/moves.ts'
import type { Zoo } from './hostile-zoo.ts'
import type { Random } from './random.ts'

/** Puts something where the portal keeps what belongs to the job `id`. Returns its path, and the code that may follow. */
export function litter(
  folders: UserFolders,
  id: string,
  random: Random,
  zoo: Zoo,
): { path: string; code: string | undefined } {
  const place = random.pick(['cancel', 'cancel-odd', 'live', 'live-hidden', 'answer'] as const)
  const paths = {
    cancel: join(folders.cancel, id),
    'cancel-odd': join(folders.cancel, `${random.pick(['.', '..', 'ü', '\n', '*', '~1'])}${id}`),
    live: join(folders.live, id),
    'live-hidden': join(folders.live, `.${id}`),
    answer: join(random.pick([folders.done, folders.error]), id),
  }
  const path = paths[place]
  if (place === 'cancel' && random.next() < 0.5) writeFileSync(path, '')
  else zoo.put(zoo.draw(random), path)
  return { path, code: place === 'cancel' ? 'cancelled' : undefined }
}

/** Beside the users' folders, what are none: names of a spool that nobody may touch. */
export function oddUsers(service: string, zoo: Zoo): Buffer[] {
  const names = ['.hidden', 'a b', 'a\nb', '~1', 'x'.repeat(65), 'x'.repeat(255), 'ü', '*', 'heartbeat'].map(
    name => Buffer.from(name),
  )
  names.push(Buffer.from('\xff\xfe', 'latin1'))
  const at = (name: Buffer) => Buffer.concat([Buffer.from(`${service}/`), name])
  for (const name of names) {
    for (const folder of ['', '/todo', '/todo/x']) mkdirSync(Buffer.concat([at(name), Buffer.from(folder)]))
  }
  for (const kind of zoo.kinds) {
    if (kind === 'folder' || kind === 'deep') continue
    zoo.put(kind, join(service, `user-${kind}`))
    names.push(Buffer.from(`user-${kind}`))
  }
  return names.map(at)
}

/** Users of whom one of the six folders is something else. */
export function brokenUsers(service: string, random: Random, zoo: Zoo): void {
  for (const broken of ['prep', 'todo', 'live', 'done', 'error', 'cancel']) {
    for (const kind of [
      'link-folder',
      'link-nowhere',
      random.pick(['fifo', 'socket', 'link-loop', 'link-up']),
    ]) {
      const user = join(service, `broken-${broken}-${kind}`)
      mkdirSync(join(user, broken === 'todo' ? 'done' : 'todo'), { recursive: true })
      if (broken !== 'todo') mkdirSync(join(user, 'todo/x'))
      zoo.put(kind, join(user, broken))
    }
  }
}

/** A person tidies up: one of a user's folders is gone, if it is empty. Not `todo`, whose watch would go with it. */
export function tidyUp(folders: UserFolders, random: Random): void {
  const folder = random.pick([folders.prep, folders.live, folders.done, folders.error, folders.cancel])
  try {
    rmdirSync(folder)
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY')) throw error
  }
}
