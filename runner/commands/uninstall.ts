import { createInterface } from 'node:readline/promises'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { removeIfEmpty } from '../../lib/remove-if-empty.ts'
import { isTerminal } from '../is-terminal.ts'
import { parseOptions, whereOptions } from '../options.ts'
import { sweepStaleRun } from '../supervisor/sweep.ts'
import type { Item, Kept } from '../uninstall/item.ts'
import { Measure } from '../uninstall/measure.ts'
import { problems, words } from '../uninstall/messages.ts'
import { isInside, lstatOf } from '../uninstall/paths.ts'
import { openPlace, type Place } from '../uninstall/place.ts'
import { type NotRemoved, putAside, remove } from '../uninstall/remove.ts'
import { checkNotRunning } from '../uninstall/running.ts'
import { bytesText, listing, type Measured, sum } from '../uninstall/show.ts'
import { survey } from '../uninstall/survey.ts'
import { trackedFiles } from '../uninstall/tracked.ts'

const options = {
  ...whereOptions,
  purge: { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
  json: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
} as const

/**
 * Lists everything of Courante's with its bytes, asks, and removes it. All that this imports is loaded before the first
 * file goes, and none of it is an npm package: the packages and this very Node are among what goes.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseOptions('uninstall', { args: [...argv], options })
  const place = await openPlace(values, io)
  const isDry = values['dry-run'] === true
  if (!isDry) await checkNotRunning(place)
  const found = await survey(place, values.purge === true, io)
  const tracked = await trackedFiles(
    found.items.flatMap(({ path, only }) => only ?? [path]),
    io.env,
  )
  const measure = new Measure(found.items, tracked)
  const measured: Measured[] = []
  for (const item of found.items) measured.push({ item, size: await measure.size(item) })
  const kept: { kept: Kept; size: Measured['size'] }[] = []
  for (const one of found.kept)
    kept.push({
      kept: one,
      size: isElsewhere(one) ? none : await measure.size({ group: 'own', path: one.path }),
    })
  const isJson = values.json === true
  const tell = (more: object): void => {
    const items = measured.map(({ item, size }) => ({
      group: item.group,
      path: item.path,
      ...size,
      outside: !isInside(item.path, place.dir),
    }))
    const stays = kept.map(({ kept: { path, why }, size }) => ({ path, why, ...size }))
    const answer = {
      dir: place.dir,
      purge: values.purge === true,
      items,
      kept: stays,
      ...sum(measured),
      ...more,
    }
    io.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
  }
  if (isJson && (isDry || values.yes !== true)) tell({ removed: false })
  if (!isJson) {
    const isEmpty = measured.length === 0 && kept.length === 0
    io.stdout.write(isEmpty ? words.nothing(place.dir) : listing(place, measured, kept))
  }
  if (isDry || measured.length === 0) return exit.ok
  if (values.yes !== true) {
    await agree(isJson, io)
    // Minutes may have gone by.
    await checkNotRunning(place)
  }
  if (place.isHomeOurs) await sweepStaleRun(place.home)
  const left = await removeAll(
    measured.map(({ item }) => item),
    place,
    tracked,
    io,
  )
  if (isJson) tell({ removed: left.length === 0, left })
  if (left.length > 0) throw new ProblemError(problems.notRemoved(left))
  if (isJson) return exit.ok
  io.stdout.write(words.removed(bytesText(sum(measured).bytes), sum(measured).files))
  io.stdout.write(place.isOwn ? words.cloneLeft(place.root) : isPackage ? words.packageLeft : '')
  return exit.ok
}

const none = { files: 0, bytes: 0 }

/** Not ours to walk through: it may be a whole home folder, or a disk on a network. */
function isElsewhere({ why }: Kept): boolean {
  return why === 'shared_home' || why === 'link_target'
}

const isPackage = import.meta.dirname.includes('/node_modules/')

/** Throws a ProblemError unless a person says yes; a CI that has nobody to ask is no reason to delete. */
async function agree(isJson: boolean, io: Io): Promise<void> {
  if (isJson || !isTerminal(io)) throw new ProblemError(problems.cannotAsk())
  // Not the questions of the installer, which are an npm package. The terminal keeps its own Ctrl-C.
  const lines = createInterface({ input: io.stdin, output: io.stdout, terminal: false })
  const closed = new AbortController()
  lines.once('close', () => closed.abort())
  try {
    const signal = AbortSignal.any([io.signal, closed.signal])
    const answer = await lines.question(words.ask, { signal })
    if (/^y(es)?$/i.test(answer.trim())) return
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error
    io.stdout.write('\n')
  } finally {
    lines.close()
  }
  const { what } = problems.declined()
  if (io.signal.aborted)
    throw new ProblemError({ code: 'interrupted', what, exit: exitCodeOf(String(io.signal.reason)) })
  throw new ProblemError(problems.declined())
}

async function removeAll(
  items: readonly Item[],
  place: Place,
  tracked: ReadonlySet<string>,
  io: Io,
): Promise<NotRemoved[]> {
  const { untouchable, root } = place
  const left: NotRemoved[] = []
  try {
    for (const item of items) {
      const goes = { tracked, untouchable, signal: io.signal }
      left.push(...(await remove(asideOf(item, root, tracked), goes)))
    }
  } catch (error) {
    if (!io.signal.aborted) throw error
    throw new ProblemError(problems.interrupted(String(io.signal.reason)), { cause: error })
  }
  // Folders that are left empty, of which git says nothing.
  const emptied = [place.modelsDir, place.home, ...(place.isOwn ? [join(root, '.runtime')] : [])]
  for (const folder of emptied) if (lstatOf(folder)?.isDirectory() === true) removeIfEmpty(folder)
  return left
}

/** Half a tree of packages would be worse than none: it goes to the private folder at once, and with that one for good. */
function asideOf(item: Item, root: string, tracked: ReadonlySet<string>): Item {
  const isProjects = tracked.values().some(path => isInside(path, item.path))
  if (item.group !== 'packages' || isProjects) return item
  const folder = join(root, '.runtime')
  if (lstatOf(folder) === undefined) mkdirSync(folder)
  const path = putAside(item.path, folder)
  return path === undefined ? item : { ...item, path }
}
