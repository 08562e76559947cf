import type { Io } from '../../lib/io.ts'
import { newStack } from '../launch.ts'
import { notices } from '../messages.ts'
import { parseOptions, whereOptions } from '../options.ts'
import { runContext } from '../run-context.ts'

/** Whether the stack file is right; 2 with file, line and column where not. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseOptions('check', { args: [...argv], options: whereOptions })
  const context = await runContext(values, io)
  const { services } = newStack(context, {})
  io.stdout.write(notices.stackGood(context.loaded.path, Object.keys(services).length))
  return 0
}
