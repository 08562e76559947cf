import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { removeIfThere } from './state-file.ts'

/** Ends the console's one tmux session, and so its server, whatever runs in its panes: they only show logs. */
export async function endConsole(socket: string): Promise<void> {
  if (!existsSync(socket)) return
  const { promise, resolve } = Promise.withResolvers<void>()
  // It fails where no server listens any more, and then there is nothing to end.
  const options = { timeout: 1000, cwd: dirname(socket) }
  execFile('tmux', ['-S', socket, 'kill-session'], options, () => resolve())
  await promise
  await removeIfThere(socket)
}
