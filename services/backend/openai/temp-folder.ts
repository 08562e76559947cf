import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TempFolder extends AsyncDisposable {
  /** Makes it with the first call; only we can read it. */
  path(): Promise<string>
}

/** For files on their way to core and back. */
export function tempFolder(): TempFolder {
  let made: Promise<string> | undefined
  return {
    path: () => (made ??= mkdtemp(join(tmpdir(), 'courante-'))),
    async [Symbol.asyncDispose]() {
      if (made !== undefined) await rm(await made, { recursive: true, force: true })
    },
  }
}
