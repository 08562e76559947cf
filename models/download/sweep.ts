import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { removeIfEmpty } from '../../lib/remove-if-empty.ts'

/** An abandoned download is kept so long. */
const keptMs = 30 * 24 * 3600_000

/**
 * Removes the partial downloads that nobody came back for, and never one of which anything is younger, such as the lock of a
 * process that goes on with it just now. Only after what a run wants has come: it may be about to go on with an old one.
 */
export function sweepPartials(modelsDir: string): void {
  const folder = join(modelsDir, '.partial')
  if (!existsSync(folder)) return
  const stats = readdirSync(folder).flatMap(name => {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false })
    return stat?.isFile() === true
      ? [{ name, key: name.split('.', 1)[0], isOld: Date.now() - stat.mtimeMs > keptMs }]
      : []
  })
  const young = new Set(stats.filter(({ isOld }) => !isOld).map(({ key }) => key))
  for (const { name, key } of stats) if (!young.has(key)) rmSync(join(folder, name), { force: true })
  removeIfEmpty(folder)
}
