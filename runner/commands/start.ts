import type { Io } from '../../lib/io.ts'
import { namedServices } from '../named-services.ts'

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { client, names, json } = await namedServices('start', argv, io)
  await client.start(names)
  io.stdout.write(json ? `${JSON.stringify({ started: names })}\n` : `Started ${names.join(', ')}.\n`)
  return 0
}
