import type { Io } from '../../lib/io.ts'
import type { RunContext } from '../run-context.ts'
import { type Check, lookFor } from './check.ts'
import { disks, inotify } from './machine.ts'
import { says } from './messages.ts'
import { lookAtPartials } from './partials.ts'

/**
 * What would make `up` fail later, or surprise its user, and what its own look does not see: a few small files, nothing is
 * started and nothing written. Only findings that call for something.
 */
export async function fastChecks(context: RunContext, io: Io): Promise<Check[]> {
  const { home, models: modelsDir } = context.places
  const found = await Promise.all([
    lookFor('machine', 'disk', () => disks({ home, modelsDir }, 500e6)),
    lookFor('machine', 'inotify', inotify),
    lookFor('models', 'partials', () => {
      const partials = lookAtPartials(modelsDir)
      return partials.resting === 0 ? [] : [says.partials(partials, '')]
    }),
    lookFor('models', 'language_model', async () => {
      const { loaded, environment } = context
      // The usual one came with Courante; and with a models.yaml, it is looked up there.
      const { modelsFilePath, modelsFileText } = await import('../../models/models-file.ts')
      const isUsual = loaded.stack.language_model === undefined || loaded.stack.language_model === 'starter'
      if (isUsual && modelsFileText(modelsFilePath(environment.home)) === undefined) return []
      const { languageModel } = await import('./language-model.ts')
      return languageModel(context, io)
    }),
  ])
  return found.flat().filter(({ state }) => state === 'warn' || state === 'fail')
}
