import type { Io } from '../../lib/io.ts'
import { namedServices } from '../named-services.ts'

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { client, names } = await namedServices('stop', argv, io)
  const before = await client.status()
  await client.stop(names)
  const after = await client.status()
  const stopped = before.services.filter(
    ({ name, pid }) =>
      pid !== undefined && after.services.some(now => now.name === name && now.pid === undefined),
  )
  // What depended on them stopped too, and is named.
  io.stdout.write(`Stopped ${stopped.map(({ name }) => name).join(', ') || 'nothing'}.\n`)
  return 0
}
