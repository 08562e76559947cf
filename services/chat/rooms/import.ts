import { open } from 'node:fs/promises'
import { ProblemError } from '../../../lib/problem.ts'
import { readMessage } from '../bb/parse.ts'
import { BbSplitter } from '../bb/split.ts'
import { writeBb } from '../bb/write.ts'
import { roomProblems } from '../messages.ts'

/**
 * Writes the messages of any text into a new file, each in the one right way. Others have their turn all the while; a
 * message that would take theirs, and that of every reader, is refused by a ProblemError.
 */
export async function writeNormal(path: string, text: string | Uint8Array): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  const bytes =
    typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.buffer, text.byteOffset, text.byteLength)
  const splitter = new BbSplitter()
  let start = 0
  let written: string[] = []
  const onEnd = (end: number): void => {
    const message = readMessage(bytes.subarray(start, end))
    written.push(writeBb(message.author, message.text))
    start = end
  }
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    splitter.feed(bytes.subarray(at, at + pieceBytes), onEnd)
    if (splitter.position - start > mostMessageBytes)
      throw new ProblemError(roomProblems.longMessage(mostMessageBytes))
    // A turn of the event loop, too.
    await file.appendFile(written.join(''))
    written = []
  }
  splitter.finish(onEnd)
  await file.appendFile(written.join(''))
}

/** Some 10 ms of work, where messages are as short as can be. */
const pieceBytes = 32 * 1024
/** Four times as much as can be posted. */
const mostMessageBytes = 1024 * 1024
