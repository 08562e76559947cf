import { execFile } from 'node:child_process'
import { constants, openSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { promisify } from 'node:util'

/** Quit, restart, pull, and Ctrl-C. */
export const keys = ['q', 'r', 'p', 'c'] as const
export type Key = (typeof keys)[number]

/** The key that a character stands for, in upper or lower case. */
export function keyOf(character: string): Key | undefined {
  return keys.find(key => key === character.toLowerCase())
}

/**
 * A named pipe in which each byte is a key press, so that a tmux binding (`printf r > keys`) needs no start of Node.
 * Opened for reading and writing: a writer never blocks, and the pipe never ends.
 */
export async function openKeyPipe(path: string, onKey: (key: Key) => void): Promise<{ close(): void }> {
  // Renamed into place: whoever presses a key too early (`printf q > keys`) has made a file of that name.
  const hidden = `${path}.new`
  await rm(hidden, { force: true })
  await promisify(execFile)('mkfifo', ['-m', '600', hidden])
  await rename(hidden, path)
  const socket = new Socket({
    fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  })
  socket.on('data', (bytes: Buffer) => {
    for (const character of bytes.toString('latin1')) {
      const key = keyOf(character)
      if (key !== undefined) onKey(key)
    }
  })
  return { close: () => void socket.destroy() }
}
