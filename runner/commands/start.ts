import type { Io } from '../../lib/io.ts'
import type { ServiceStatus } from '../supervisor/events.ts'
import { namedServices } from '../named-services.ts'

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { client, names, json } = await namedServices('start', argv, io)
  const before = await client.status()
  await client.start(names)
  const after = await client.status()
  // What they depend on was started too, and is named.
  const started = after.services
    .filter(({ name, state }) =>
      before.services.some(was => was.name === name && isOff(was.state) && !isOff(state)),
    )
    .map(({ name }) => name)
  io.stdout.write(json ? `${JSON.stringify({ started })}\n` : `Started ${started.join(', ') || 'nothing'}.\n`)
  return 0
}

function isOff(state: ServiceStatus['state']): boolean {
  return state === 'idle' || state === 'failed' || state === 'done'
}
