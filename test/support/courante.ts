import { execa } from 'execa'
import { join } from 'node:path'
import { root } from './our-stack.ts'

/**
 * Starts `courante …` without a terminal. Await it for its end: exit code, stdout, stderr, and `all` for both. It never
 * rejects for an exit code.
 */
export function courante(words: readonly string[], env: Record<string, string> = {}) {
  return execa(join(root, 'courante'), words, { reject: false, all: true, stdin: 'ignore', cwd: root, env })
}
