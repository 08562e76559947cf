import type { Canvas, Rect } from '../terminal/canvas.ts'
import type { Style } from '../terminal/style.ts'
import { hints, words } from '../../messages.ts'
import { graphemes } from '../graphemes.ts'
import type { State } from '../state.ts'
import { drawSpans, foundInWords, widthOfSpans, type Span } from './title.ts'
import type { Theme } from './theme.ts'

/** The last line: what the keys are, or what is being typed; at the right what is new, or the page's address. */
export function drawBottomLine(canvas: Canvas, rect: Rect, state: State, theme: Theme): void {
  const { mode } = state
  if (mode.type === 'prompt') {
    drawPrompt(canvas, rect, state, mode, theme)
    return
  }
  const left = hintsOf(state)
  const right = rightOf(state, theme)
  const room = rect.columns - 2
  const gap = 2
  const fits = widthOfSpans(left) + gap + widthOfSpans(right) <= room
  // What has just happened is worth more than the keys, an address is not.
  if (fits || !isTelling(state)) drawSpans(canvas, rect.x + 1, rect.y, left, room)
  if (fits) drawSpans(canvas, rect.x + rect.columns - 1 - widthOfSpans(right), rect.y, right, room)
  else if (isTelling(state)) {
    const short = widthOfSpans(left) + gap + 24 <= room ? left : []
    const used = short.length === 0 ? 0 : drawSpans(canvas, rect.x + 1, rect.y, short, room) + gap
    drawSpans(canvas, rect.x + 1 + used, rect.y, clipped(right, room - used), room - used)
  }
}

function drawPrompt(
  canvas: Canvas,
  rect: Rect,
  state: State,
  mode: State['mode'] & { type: 'prompt' },
  theme: Theme,
): void {
  const found = state.panes[state.focus]?.found
  const nothing = found !== undefined && found.nth === undefined && !found.searching
  const right: Span[] =
    mode.kind === 'search' && mode.text !== ''
      ? [{ text: foundInWords(found), style: { fg: nothing ? theme.bad : theme.dim } }]
      : keysOf(hints[mode.kind])
  const label: Span = {
    text: mode.kind === 'search' ? '/' : 'filter: ',
    style: { fg: theme.accent, bold: true },
  }
  const room = rect.columns - 2
  const kept = widthOfSpans(right) + 2
  const wide = room - widthOfSpans([label]) - 1
  const typed = tailOf(mode.text, wide > kept + 8 ? wide - kept : wide)
  const used = drawSpans(canvas, rect.x + 1, rect.y, [label, { text: typed }], room)
  canvas.cursor = { x: Math.min(rect.x + 1 + used, rect.x + rect.columns - 1), y: rect.y }
  if (used + 1 + kept > room) return
  drawSpans(canvas, rect.x + rect.columns - 1 - widthOfSpans(right), rect.y, right, room)
}

function hintsOf(state: State): Span[] {
  const { mode } = state
  if (mode.type === 'normal') {
    if (state.run === 'stopping' || state.run === 'stopped') return keysOf(hints.stopping)
    const pane = state.panes[state.focus]
    if (pane !== undefined && pane.search !== '') return keysOf(hints.found)
    return keysOf(state.owner ? hints.normal : hints.joined)
  }
  if (mode.type === 'input')
    return [{ text: `${words.typing(mode.service)}  `, style: { bold: true } }, ...keysOf(hints.input)]
  return mode.type === 'prompt' ? [] : keysOf(hints[mode.type])
}

function keysOf(pairs: readonly (readonly [string, string])[]): Span[] {
  return pairs.flatMap(([key, word], index) => [
    { text: `${index === 0 ? '' : '  '}${key}`, style: { bold: true } },
    { text: ` ${word}` },
  ])
}

function isTelling({ run, message, waits }: State): boolean {
  return run !== 'running' || message !== undefined || waits.length > 0
}

function rightOf(state: State, theme: Theme): Span[] {
  const [first, ...more] = state.waits
  if (first !== undefined) {
    const text = words.waitsFor(first.service, first.pid, first.killAt - state.now)
    const rest = more.length === 0 ? '' : ` ${words.waitsForMore(more.length)}`
    return [{ text: text + rest, style: { fg: theme.warn } }]
  }
  if (state.run === 'stopping' || state.run === 'stopped')
    return [{ text: words.stopping, style: { fg: theme.warn } }]
  if (state.message !== undefined) {
    const { text, tone } = state.message
    const style: Style = tone === 'plain' ? {} : { fg: theme[tone] }
    return [{ text: text.replaceAll(/\s+/g, ' '), style }]
  }
  const pane = state.panes[state.focus]
  if (pane !== undefined && pane.search !== '')
    return [{ text: foundInWords(pane.found), style: { fg: theme.dim } }]
  if (state.run === 'starting') return [{ text: words.starting, style: { fg: theme.dim } }]
  if (state.address === undefined) return []
  return [{ text: state.address, style: { fg: theme.dim, link: state.address } }]
}

function clipped(spans: readonly Span[], room: number): Span[] {
  if (widthOfSpans(spans) <= room) return [...spans]
  return spans.map(span => ({
    ...span,
    text: `${graphemes(span.text)
      .slice(0, Math.max(0, room - 1))
      .join('')}…`,
  }))
}

/** The end of what is typed, where it is longer than its place. */
function tailOf(text: string, room: number): string {
  const characters = graphemes(text)
  return characters.length <= room ? text : `…${characters.slice(characters.length - room + 1).join('')}`
}
