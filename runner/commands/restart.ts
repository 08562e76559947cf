import { exitCodeOf, type Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { messages, notices } from '../messages.ts'
import { parseOptions, whereOptions } from '../options.ts'
import { tellOutdated } from '../outdated.ts'
import { connectOrFail, knownRun } from '../run-context.ts'

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseOptions('restart', {
    args: [...argv],
    options: { ...whereOptions, json: { type: 'boolean' } },
    allowPositionals: true,
  })
  const known = await knownRun(values, io)
  const client = await connectOrFail(known, values)
  const stranger = positionals.find(name => !known.services.includes(name))
  if (stranger !== undefined) throw new ProblemError(messages.unknownService(stranger, known.services))
  const names = positionals.length > 0 ? positionals : undefined
  const restarted = await client.restart(names, io.signal).catch((error: unknown) => {
    if (!io.signal.aborted) throw error
  })
  if (restarted === undefined) {
    io.stderr.write(notices.note(notices.restartGoesOn()))
    return exitCodeOf(String(io.signal.reason))
  }
  await tellOutdated(values, io)
  if (values.json === true) io.stdout.write(`${JSON.stringify({ restarted })}\n`)
  else
    for (const { service, oldPid, newPid, done } of restarted)
      io.stdout.write(
        `${service}: ${done === true ? 'done' : `${oldPid ?? 'not running'} → ${newPid ?? 'not started'}`}\n`,
      )
  return 0
}
