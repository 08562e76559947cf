import { normalLabel, normalNarrative, normalText } from './normal.ts'
import { BbSplitter } from './split.ts'

/** What somebody says, or what nobody says: narrative. */
export interface BbMessage {
  readonly author: string | null
  /** Normal as of normal.ts. */
  readonly text: string
}

/** All of a room's text; anything parses. For what comes from a file, BbScanner counts its bytes, too. */
export function parseBb(text: string): BbMessage[] {
  const bytes = Buffer.from(text)
  const messages: BbMessage[] = []
  let start = 0
  const onEnd = (end: number): void => {
    messages.push(readMessage(bytes.subarray(start, end)))
    start = end
  }
  const splitter = new BbSplitter()
  splitter.feed(bytes, onEnd)
  splitter.finish(onEnd)
  return messages
}

/** One message from the bytes that BbSplitter has found to be one. */
export function readMessage(bytes: Buffer): BbMessage {
  const lines = bytes.toString('utf8').split('\n')
  const first = lines.findIndex(line => solid.test(line))
  const head = lines[first] ?? ''
  const tab = head.indexOf('\t')
  const rest = lines.slice(first + 1).map(withoutTab)
  if (tab > 0 && head[tab - 1] === ':') {
    const text = normalText([head.slice(tab + 1), ...rest].join('\n'))
    return { author: normalLabel(head.slice(0, tab - 1)), text }
  }
  return { author: null, text: normalNarrative([withoutTab(head), ...rest].join('\n')) }
}

function withoutTab(line: string): string {
  return line.startsWith('\t') ? line.slice(1) : line
}

/** As the splitter sees it. */
const solid = /[^\x00-\x20\x7f]/
