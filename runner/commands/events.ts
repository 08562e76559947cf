import { stripVTControlCharacters } from 'node:util'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { parseOptions, whereOptions } from '../options.ts'
import { connectOrFail, knownRun } from '../run-context.ts'
import { eventLine } from '../supervisor/event-lines.ts'
import type { SupervisorEvent } from '../supervisor/events.ts'

/** What happens in a run, as it happens; ends with the run. With --json, every event with all of its facts. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseOptions('events', {
    args: [...argv],
    options: { ...whereOptions, json: { type: 'boolean' } },
  })
  const client = await connectOrFail(await knownRun(values, io), values)
  const write = (event: SupervisorEvent): void => {
    const text = values.json === true ? `${JSON.stringify(event)}\n` : forPeople(event, io)
    if (text !== undefined) io.stdout.write(text)
  }
  for await (const event of client.events(io.signal)) {
    if (event.type !== 'hello') write(event)
    else for (const earlier of event.recent) write(earlier)
  }
  return io.signal.aborted ? exitCodeOf(String(io.signal.reason)) : 0
}

function forPeople(event: SupervisorEvent, { stdout, env }: Io): string | undefined {
  const line = eventLine(event)
  if (line === undefined) return undefined
  const time = new Date(event.at).toLocaleTimeString('sv')
  const text = `${time} ${line}`
  return stdout.isTTY === true && env['NO_COLOR'] === undefined ? text : stripVTControlCharacters(text)
}
