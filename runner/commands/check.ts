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
  const { path, stack } = context.loaded
  const others = Object.keys(stack.services).filter(name => services[name] === undefined)
  io.stdout.write(notices.stackGood(path, Object.keys(services).length, others))
  return 0
}
