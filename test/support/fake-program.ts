import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A shell script under another program's name; returns the folder for PATH. */
export async function fakeProgram(folder: string, name: string, body: string): Promise<string> {
  const bin = join(folder, 'bin')
  await mkdir(bin, { recursive: true })
  await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`)
  await chmod(join(bin, name), 0o755)
  return bin
}
