import type { Io } from '../../lib/io.ts'
import { namedServices } from '../named-services.ts'

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { client, names } = await namedServices('start', argv, io)
  await client.start(names)
  io.stdout.write(`Started ${names.join(', ')}.\n`)
  return 0
}
