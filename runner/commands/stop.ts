import type { Io } from '../../lib/io.ts'
import { namedServices } from '../named-services.ts'

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { client, names, json } = await namedServices('stop', argv, io)
  const before = await client.status()
  await client.stop(names)
  const after = await client.status()
  // What depended on them stopped too, and is named.
  const stopped = before.services
    .filter(
      ({ name, pid }) =>
        pid !== undefined && after.services.some(now => now.name === name && now.pid === undefined),
    )
    .map(({ name }) => name)
  io.stdout.write(json ? `${JSON.stringify({ stopped })}\n` : `Stopped ${stopped.join(', ') || 'nothing'}.\n`)
  return 0
}
