import type { IUnicodeVersionProvider, Terminal } from '@xterm/headless'
import { joinOf, widthOfCode } from '../terminal/width.ts'

/** A terminal without a screen. Loaded only now: the first frame does not wait for it. */
export async function createEmulator(columns: number, rows: number): Promise<Terminal> {
  const { default: xterm } = await import('@xterm/headless')
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    // What a taller pane gets back at a resize; the past itself stands in the logs.
    scrollback: 200,
    allowProposedApi: true,
    logLevel: 'off',
  })
  // Its own tables are those of Unicode 6, for which emoji are narrow.
  terminal.unicode.register(widths)
  terminal.unicode.activeVersion = widths.version
  // Repeats the emulator makes one by one, a thousand million of them if it is told so. Nobody means that.
  for (const final of 'LMSTbIZ')
    terminal.parser.registerCsiHandler(
      { final },
      ([count]) => typeof count === 'number' && count > mostRepeats,
    )
  return terminal
}

const mostRepeats = 5000

const widths: IUnicodeVersionProvider & { charProperties(code: number, before: number): number } = {
  version: '17',
  wcwidth: code => widthOfCode(code) as 0 | 1 | 2,
  charProperties: joinOf,
}
