import type { Io } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { commands } from './commands/index.ts'
import { messages } from './messages.ts'
import { parseOptions, whereOptions } from './options.ts'
import { connectOrFail, knownRun } from './run-context.ts'
import type { ControlClient } from './supervisor/control-client.ts'

/** For a command that takes at least one service of a run: its words, checked, and the run's supervisor. */
export async function namedServices(
  command: string,
  argv: readonly string[],
  io: Io,
): Promise<{ client: ControlClient; names: string[]; json: boolean }> {
  const { values, positionals } = parseOptions(command, {
    args: [...argv],
    options: { ...whereOptions, json: { type: 'boolean' } },
    allowPositionals: true,
  })
  if (positionals.length === 0)
    throw new ProblemError(messages.badArguments('name a service.', commands[command]?.usage ?? command))
  const known = await knownRun(values, io)
  const stranger = positionals.find(name => !known.services.includes(name))
  if (stranger !== undefined) throw new ProblemError(messages.unknownService(stranger, known.services))
  return { client: await connectOrFail(known, values), names: positionals, json: values.json === true }
}
