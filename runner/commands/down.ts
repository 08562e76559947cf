import type { Io } from '../../lib/io.ts'
import { parseOptions, whereOptions } from '../options.ts'
import { connectOrFail, knownRun } from '../run-context.ts'

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseOptions('down', {
    args: [...argv],
    options: { ...whereOptions, json: { type: 'boolean' } },
  })
  const client = await connectOrFail(await knownRun(values, io), values)
  const { services } = await client.status()
  await client.down()
  const stopped = services.filter(service => service.pid !== undefined).map(service => service.name)
  stopped.reverse()
  io.stdout.write(
    values.json === true
      ? `${JSON.stringify({ stopped })}\n`
      : `Stopped ${stopped.join(', ') || 'nothing'}.\n`,
  )
  return 0
}
