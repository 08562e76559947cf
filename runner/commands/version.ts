import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Io } from '../../lib/io.ts'

export async function run(_argv: readonly string[], io: Io): Promise<number> {
  const text = await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')
  const { version } = JSON.parse(text) as { version: string }
  io.stdout.write(`courante ${version}, node ${process.versions.node}\n`)
  return 0
}
