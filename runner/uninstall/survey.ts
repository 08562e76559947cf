import { dirname } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { inHome } from './home.ts'
import { groups, type Item, type Survey } from './item.ts'
import { inModels } from './models.ts'
import { isInside, lstatOf } from './paths.ts'
import type { Place } from './place.ts'
import { inProject } from './project.ts'

/** What goes, in the order in which it goes, and what stays. Reads only. */
export async function survey(place: Place, purge: boolean, io: Io): Promise<Survey> {
  const parts = [inHome(place, purge, io), await inModels(place, purge), inProject(place, purge)]
  const items = parts.flatMap(part => part.items).filter(item => isFree(item, place))
  // A folder of models may be one that holds other things of ours: those are told of where they belong.
  const kept = parts
    .flatMap(part => part.kept)
    .filter(({ path, why }) => why !== 'not_ours' || !items.some(item => isInside(item.path, path)))
  const home = place.homeAsNamed
  if (purge && place.isOwn && lstatOf(home)?.isSymbolicLink() === true && isInside(dirname(home), place.root))
    items.push({ group: 'run', path: home })
  items.sort((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group))
  return { items, kept }
}

/** Settings may name any folder, also one that holds the project, or a person's home. */
function isFree({ path, only }: Item, { untouchable }: Place): boolean {
  return only !== undefined || !untouchable.some(kept => isInside(kept, path))
}
