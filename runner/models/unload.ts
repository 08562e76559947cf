import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { askCore } from './ask-core.ts'
import { words } from './messages.ts'
import { openModels, parseModels, tell } from './open.ts'

/** Has core give back the memory of a model, when its work is done. The next request that names it loads it again. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseModels('unload', argv, {}, { least: 1, most: 1 })
  const models = await openModels(values, io)
  // It may be loaded although its files are gone by now, so that only core can say what it knows.
  const id = positionals[0] ?? ''
  const before = performance.now()
  const answer = await askCore('unload', id, models, io)
  if (answer.type === 'stopped') {
    io.stderr.write(words.stopped(id))
    return answer.code
  }
  const took = `${((performance.now() - before) / 1000).toFixed(1)} s`
  tell(io, values, { ...answer.result, model: id }, words.unloaded(id, took))
  return exit.ok
}
