import { existsSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { writeFileAtomic } from '../../lib/atomic-write.ts'
import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { messages } from '../messages.ts'
import { parseOptions } from '../options.ts'
import { draft } from '../stack/init/draft.ts'
import { look } from '../stack/init/look.ts'
import { initMessages, initNotices } from '../stack/init/messages.ts'
import { write } from '../stack/init/write.ts'
import { commands } from './index.ts'

const options = {
  stack: { type: 'string' },
  force: { type: 'boolean' },
  print: { type: 'boolean' },
  // For setup.sh, which gets a Node where there is none that fits.
  yes: { type: 'boolean', short: 'y' },
} as const

/** look → draft → write: a stack.yaml from what lies in a folder. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseOptions('init', { args: [...argv], options, allowPositionals: true })
  if (positionals.length > 1)
    throw new ProblemError(messages.badArguments('init takes one folder.', commands['init']?.usage ?? 'init'))
  const folder = resolve(io.cwd, positionals[0] ?? '.')
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new ProblemError(initMessages.noFolder(folder))
  const file = values.stack === undefined ? join(folder, 'stack.yaml') : resolve(io.cwd, values.stack)
  const shown = relative(io.cwd, file)
  if (values.print !== true && values.force !== true && existsSync(file))
    throw new ProblemError(initMessages.exists(shown))
  const drafted = draft(await look(folder))
  if (drafted === undefined) throw new ProblemError(initMessages.nothingFound(folder))
  const project = relative(dirname(file), folder)
  const text = write(drafted, { project, schema: schemaFor(dirname(file)) })
  if (values.print === true) {
    io.stdout.write(text)
    return exit.ok
  }
  try {
    await writeFileAtomic(file, text)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new ProblemError(initMessages.unwritable(shown, code ?? message), { cause: error })
  }
  io.stdout.write(
    initNotices.written(
      shown,
      drafted.services.map(({ name }) => name),
    ),
  )
  return exit.ok
}

/**
 * The schema of this installation, so that an editor needs no network: relative where it lies below the stack file (a
 * project that has Courante among its packages, on everybody's machine), else by its URL (on this one).
 */
function schemaFor(stackDir: string): string {
  const schema = join(import.meta.dirname, '../../docs/stack.schema.json')
  const path = relative(stackDir, schema)
  return path.startsWith(`..${sep}`) || /\s/.test(path) ? pathToFileURL(schema).href : path
}
