import { spawnSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EngineModel } from '../../services/core/engine.ts'

/** False, or why engines in Python can't be tested here: for `skip`. */
export function havePython(): false | string {
  const code = 'import sys; sys.exit(sys.version_info < (3, 9))'
  return spawnSync('python3', ['-I', '-c', code]).status === 0 ? false : 'there is no Python >= 3.9'
}

/** Writes an engine's file, and what a rig needs to start it. */
export async function pythonEngine(dir: string, text: string, settings: Record<string, unknown> = {}) {
  const program = join(dir, 'engine.py')
  await writeFile(program, text)
  const model: EngineModel = { id: 'mine', engine: 'python', files: {}, settings: { ...settings, program } }
  return { program, model }
}

/** A PATH on which there is this machine's Python, and nothing else. */
export async function onlyPython(dir: string): Promise<string> {
  const code = 'import sys; print(sys.executable)'
  const real = spawnSync('python3', ['-I', '-c', code], { encoding: 'utf8' }).stdout.trim()
  const bin = join(dir, 'only-python')
  await mkdir(bin, { recursive: true })
  await writeFile(join(bin, 'python3'), `#!/bin/sh\nexec '${real}' "$@"\n`)
  await chmod(join(bin, 'python3'), 0o755)
  return bin
}
