import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { examine } from '../doctor/doctor.ts'
import { report } from '../doctor/show.ts'
import { openSubject } from '../doctor/subject.ts'
import { parseOptions, whereOptions } from '../options.ts'

const options = {
  ...whereOptions,
  json: { type: 'boolean' },
  fast: { type: 'boolean' },
  deep: { type: 'boolean' },
} as const

/** Looks at everything and says how to mend what is wrong. Exit code 1 when something is broken; warnings are allowed. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseOptions('doctor', { args: [...argv], options })
  const subject = await openSubject(values, io)
  try {
    const how = { fast: values.fast === true, deep: values.deep === true }
    const checks = await examine(subject, how, io)
    // A look that was cut off has found nothing wrong, which means nothing.
    io.signal.throwIfAborted()
    const ok = checks.every(({ state }) => state !== 'fail')
    io.stdout.write(
      values.json === true ? `${JSON.stringify({ ok, checks }, null, 2)}\n` : report(subject.dir, checks, io),
    )
    return ok ? exit.ok : exit.failed
  } catch (error) {
    if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
    throw error
  }
}
