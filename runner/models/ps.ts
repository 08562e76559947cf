import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { duration, memory } from '../console/units.ts'
import { plain } from '../../lib/plain.ts'
import { table } from '../portal/text.ts'
import type { CoreView, Resident } from '../../models/core-view.ts'
import { problems, words } from './messages.ts'
import { openModels, parseModels } from './open.ts'

/** What is in memory now, and what it does. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseModels('ps', argv, {}, { least: 0, most: 0 })
  const { core, home, where } = await openModels(values, io)
  if (core === undefined) throw new ProblemError(problems.coreNotRunning(home, where))
  const text = values.json === true ? JSON.stringify(core, null, 2) : lines(core, where).join('\n')
  io.stdout.write(`${text}\n`)
  return exit.ok
}

function lines(core: CoreView, where: string): string[] {
  const queues = Object.entries(core.queues)
    .filter(([, { working, waiting }]) => working + waiting > 0)
    .map(([name, { working, waiting }]) => words.queue(plain(name), working, waiting))
  return [
    ...(core.models.length === 0
      ? [words.noneResident(where)]
      : table([[...words.psColumns], ...core.models.map(row)])),
    ...Object.entries(core.budget).map(([device, bytes]) =>
      words.budget(plain(device), memory(core.used[device] ?? 0), memory(bytes)),
    ),
    ...core.models.flatMap(({ id, offCard }) =>
      offCard ? [words.offCard(plain(id), duration(Date.now() - offCard.since), plain(offCard.why))] : [],
    ),
    ...queues,
  ]
}

function row(model: Resident): string[] {
  const gpu = Object.values(model.gpu).reduce((sum, bytes) => sum + bytes, 0)
  const inFlight = model.inFlight ?? 0
  return [
    plain(model.id),
    plain(model.kind),
    words.state(plain(model.state), model.progress),
    size(model.measured),
    size(model.estimated),
    size(gpu),
    inFlight > 0 || model.idleMs === undefined ? '-' : duration(model.idleMs),
    model.parallel === undefined ? String(inFlight) : `${inFlight} of ${model.parallel}`,
    String(model.waiting ?? 0),
    model.pid === undefined ? '-' : String(model.pid),
  ]
}

function size(bytes: number | undefined): string {
  return bytes === undefined || bytes === 0 ? '-' : memory(bytes)
}
