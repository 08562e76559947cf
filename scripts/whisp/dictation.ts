import type { Io } from '../../lib/io.ts'
import { formatProblem } from '../../lib/problem.ts'
import { realtimeAccess } from '../shared/backend-url.ts'
import { Listener } from '../shared/listener.ts'
import { whispNotes } from '../shared/messages.ts'
import { record } from '../shared/recorder.ts'
import { StatusLine } from '../shared/status-line.ts'
import { oneLine } from '../shared/visible.ts'

/** With nobody speaking, a forgotten one ends after this. */
const unheardSeconds = 30
/** How long the last words may take after Ctrl-C. */
const lastWordsMs = 2000
/** Of what was heard, so much stands beside the state. */
const shownCharacters = 60

export interface DictationOptions {
  readonly home: string
  readonly device: string | undefined
  /** It ends after so much of it behind the last words; 0: it doesn't. In seconds. */
  readonly silence: number
}

/** What is said into the microphone until Enter, Ctrl-C or a silence. */
export async function dictation({ home, device, silence }: DictationOptions, io: Io): Promise<string> {
  const texts: string[] = []
  const enough = new AbortController()
  const signal = AbortSignal.any([io.signal, enough.signal])
  using status = new StatusLine(io.stderr)
  /** Of what is being said. */
  let soFar = ''
  const show = (state: string): void => {
    const heard = oneLine([...texts, soFar].join(' ')).slice(-shownCharacters)
    status.show([heard, state].filter(part => part !== '').join('  '))
  }
  /** In seconds of sound, as the microphone counts. */
  let now = 0
  let speaking = false
  let quietSince: number | undefined
  await using listener = await Listener.open(await realtimeAccess(home, io.env), {
    patient: true,
    onHeard: heard => {
      switch (heard.type) {
        case 'speech':
          speaking = true
          return show(whispNotes.hearing)
        case 'partial':
          soFar = heard.text
          return show(whispNotes.hearing)
        case 'silence':
          speaking = false
          quietSince = now
          return show(whispNotes.writing)
        case 'final':
          soFar = ''
          texts.push(heard.text)
          return show(whispNotes.listening)
        case 'nothing':
          soFar = ''
          return show(whispNotes.listening)
        case 'notice':
          speaking = false
          soFar = ''
          status.show('')
          io.stderr.write(formatProblem(heard.problem))
      }
    },
  })
  const source = record({ device, env: io.env, signal })
  listener.configure(source.sampleRate)
  using _enter = onEnter(io.stdin, () => enough.abort())
  show(whispNotes.listening)
  for await (const piece of source.pieces) {
    if (signal.aborted) break
    await listener.send(piece, signal)
    now += piece.length / 2 / source.sampleRate
    if (speaking || silence === 0) continue
    const isOver =
      texts.length > 0 ? now - (quietSince ?? now) >= silence : now - (quietSince ?? 0) >= unheardSeconds
    if (isOver) break
  }
  show(whispNotes.writing)
  await listener.finish(io.signal.aborted ? AbortSignal.timeout(lastWordsMs) : io.signal)
  return oneLine(texts.join(' '))
}

function onEnter(stdin: Io['stdin'], enough: () => void): Disposable {
  // Anything else at stdin is not typed, and not meant for us.
  if (stdin.isTTY !== true) return { [Symbol.dispose]: () => undefined }
  stdin.once('data', enough)
  stdin.resume()
  return {
    [Symbol.dispose]: () => {
      stdin.off('data', enough)
      stdin.pause()
    },
  }
}
