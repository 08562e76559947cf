import { writeFile } from 'node:fs/promises'
import { runMain, type Io } from '../../../lib/io.ts'
import type { Environment } from '../../../runner/install/environment.ts'
import { install, type InstallOptions } from '../../../runner/install/install.ts'

export interface InstallCall {
  readonly environment: Environment
  readonly options: InstallOptions
  /** Where the outcome is written as JSON. */
  readonly outcome: string
}

/** The installer as a program, for tests that kill it or type into it. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const call = JSON.parse(argv[0] ?? '') as InstallCall
  const outcome = await install(call.environment, call.options, io)
  await writeFile(call.outcome, JSON.stringify(outcome))
  return 0
}

if (import.meta.main) await runMain(run)
