import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { memory } from '../console/units.ts'
import { askCore } from './ask-core.ts'
import { readCore } from '../../models/core-view.ts'
import { words } from './messages.ts'
import { openModels, parseModels, tell, usableModel } from './open.ts'

/** Has core load a model before it is needed. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseModels('load', argv, {}, { least: 1, most: 1 })
  const models = await openModels(values, io)
  const model = usableModel(models, positionals[0] ?? '')
  const before = performance.now()
  const answer = await askCore('load', model.id, models, io)
  if (answer.type === 'stopped') {
    io.stderr.write(words.stopped(model.id))
    return answer.code
  }
  const resident = readCore(models.home)?.models.find(one => one.id === model.id)
  const took = `${((performance.now() - before) / 1000).toFixed(1)} s`
  const size = resident?.measured ? memory(resident.measured) : ''
  const wasLoaded = 'wasLoaded' in answer.result && answer.result['wasLoaded'] === true
  const told = wasLoaded ? words.wasLoaded(model.id) : words.loaded(model.id, took, size)
  tell(io, values, { ...answer.result, model: model.id, resident }, told)
  return exit.ok
}
