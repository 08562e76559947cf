import type { Io } from '../../../lib/io.ts'

/** Single keys from the terminal, without Enter. Returns the function that gives the terminal back as it was. */
export function pressedKeys(io: Io, press: (key: 'q' | 'r' | 'p') => void): () => void {
  const stdin = io.stdin as NodeJS.ReadStream
  if (!stdin.isTTY) return () => undefined
  const onData = (chunk: Buffer): void => {
    for (const character of chunk.toString().toLowerCase()) {
      if (character === 'q' || character === 'r' || character === 'p') press(character)
      // In raw mode Ctrl-C is a character; it means what it means everywhere.
      if (character === '\u0003') process.kill(process.pid, 'SIGINT')
    }
  }
  // A terminal that was closed can't be given back (EIO); what its end means, SIGHUP says.
  stdin.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EIO') throw error
  })
  stdin.setRawMode(true)
  stdin.on('data', onData)
  return () => {
    stdin.off('data', onData)
    stdin.setRawMode(false)
    stdin.pause()
  }
}
