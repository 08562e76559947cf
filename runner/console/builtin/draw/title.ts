import { widthOf, type Canvas, type Rect } from '../terminal/canvas.ts'
import type { Style } from '../terminal/style.ts'
import { words } from '../../messages.ts'
import type { PaneState, ServiceState, State } from '../state.ts'
import { signOf, type Theme } from './theme.ts'

/** Text with its style; a line is a row of them. */
export interface Span {
  readonly text: string
  readonly style?: Style
}

/** A pane's upper border: its name, its services with their states, and at the right how it differs from following the end. */
export function drawTitle(canvas: Canvas, rect: Rect, state: State, index: number, theme: Theme): void {
  const pane = state.panes[index]
  if (pane === undefined) return
  const focused = state.focus === index
  const rule: Style = { fg: focused ? theme.accent : theme.line }
  canvas.fill(rect, rule, '─')
  const left = [
    { text: ` ${pane.title} `, style: focused ? { fg: theme.accent, bold: true } : {} },
    ...serviceSpans(state, pane, theme),
  ]
  const room = rect.columns - 4
  // Half of it at most is for what is at the right, unless the left does not need it.
  const free = Math.max(room - widthOfSpans(left) - 2, Math.floor(room / 2))
  const right = fitting(flagsOf(state, index, theme), free)
  const gap = right.length === 0 ? 0 : 1
  const used = drawSpans(canvas, rect.x + 2, rect.y, left, room - widthOfSpans(right) - gap)
  if (right.length === 0 || used === 0) return
  drawSpans(canvas, rect.x + rect.columns - 2 - widthOfSpans(right), rect.y, right, room)
}

/** The names of all panes in one line, where only the focused one has room. */
export function drawTabs(
  canvas: Canvas,
  rect: Rect,
  state: State,
  shown: readonly number[],
  theme: Theme,
): void {
  canvas.fill(rect, { fg: theme.accent }, '─')
  const flags = flagsOf(state, state.focus, theme)
  const room = rect.columns - 2
  for (const detail of ['services', 'names', 'focused'] as const) {
    const tabs = shown.flatMap((index, at) => tab(state, index, at, detail, theme))
    const right = detail === 'focused' ? fitting(flags, Math.max(0, room - widthOfSpans(tabs))) : flags
    if (detail !== 'focused' && widthOfSpans(tabs) + widthOfSpans(right) > room) continue
    drawSpans(canvas, rect.x + 1, rect.y, tabs, room - widthOfSpans(right))
    drawSpans(canvas, rect.x + rect.columns - 1 - widthOfSpans(right), rect.y, right, room)
    return
  }
}

function tab(
  state: State,
  index: number,
  at: number,
  detail: 'services' | 'names' | 'focused',
  theme: Theme,
): Span[] {
  const pane = state.panes[index]
  if (pane === undefined) return []
  const focused = index === state.focus
  const name = detail === 'focused' && !focused ? '' : ` ${pane.title}`
  const signs = signsOf(state, pane, theme)
  return [
    { text: ` ${at + 1}`, style: { fg: theme.dim } },
    { text: name, style: focused ? { fg: theme.accent, bold: true } : {} },
    ...(detail === 'services' && focused
      ? serviceSpans(state, pane, theme).map((span, i) =>
          i === 0 ? { ...span, text: ` ${span.text}` } : span,
        )
      : signs.map((span, i) => (i === 0 ? { ...span, text: ` ${span.text}` } : span))),
    { text: ' ', style: {} },
  ]
}

/** `● core  ✕ backend again in 3 s`; one service with the pane's own name is only a sign. */
export function serviceSpans(state: State, pane: PaneState, theme: Theme): Span[] {
  const spans: Span[] = []
  for (const service of servicesOf(state, pane)) {
    const { sign, style } = signOf(service.state, theme)
    const only = pane.services.length === 1 && service.name === pane.title
    const port = service.port === undefined || service.state !== 'ready' ? '' : `:${service.port}`
    spans.push({ text: ` ${sign} `, style })
    if (!only) spans.push({ text: `${service.name} ` })
    if (port !== '') spans.push({ text: `${port} `, style: { fg: theme.dim } })
    const note = noteOf(service, state.now)
    if (note !== '') spans.push({ text: `${note} `, style })
  }
  return spans
}

function signsOf(state: State, pane: PaneState, theme: Theme): Span[] {
  return servicesOf(state, pane).map(service => {
    const { sign, style } = signOf(service.state, theme)
    return { text: sign, style }
  })
}

function servicesOf(state: State, pane: PaneState): ServiceState[] {
  return state.services.filter(({ name }) => pane.services.includes(name))
}

function noteOf(service: ServiceState, now: number): string {
  if (service.state === 'backoff')
    return service.restartAt === undefined ? '' : words.again(service.restartAt - now)
  if (service.state === 'failed') return words.failed
  return service.state === 'waiting' ? words.waiting : ''
}

/** The most telling one stands last, at the right end; the first ones go where room is short. */
function flagsOf(state: State, index: number, theme: Theme): Span[] {
  const pane = state.panes[index]
  if (pane === undefined) return []
  const { mode } = state
  const flags: Span[] = []
  const secondary: Style = { fg: theme.dim }
  if (state.zoomed && index === state.focus) flags.push({ text: words.zoomed, style: secondary })
  if (!pane.wrap) flags.push({ text: words.noWrap, style: secondary })
  if (pane.times) flags.push({ text: words.times, style: secondary })
  if (pane.filter !== '') flags.push({ text: words.filtered(pane.filter), style: { fg: theme.warn } })
  if (pane.search !== '') flags.push({ text: searchFlag(pane), style: { fg: theme.warn } })
  if (mode.type === 'copy' && mode.pane === index)
    flags.push({ text: words.copying, style: { fg: theme.accent, bold: true } })
  if (mode.type === 'input' && pane.services.includes(mode.service))
    flags.push({ text: words.typing(mode.service), style: { fg: theme.warn, bold: true } })
  // Where a search stands tells that already.
  if (!pane.position.following && (pane.search === '' || pane.position.fresh > 0)) {
    const { fresh } = pane.position
    flags.push(
      fresh === 0
        ? { text: `↑ ${words.scrolled}`, style: secondary }
        : { text: `↓ ${words.fresh(fresh)}`, style: { fg: theme.accent, bold: true } },
    )
  }
  return flags.map(({ text, style }) => ({ text: ` ${text} `, ...(style === undefined ? {} : { style }) }))
}

function searchFlag({ search, found }: PaneState): string {
  return `${words.searched(search)} ${foundInWords(found)}`.trimEnd()
}

export function foundInWords(found: PaneState['found']): string {
  if (found === undefined) return ''
  if (found.nth !== undefined) return words.found(found.nth, found.total, found.searching)
  return found.searching ? words.searching : words.noMatch
}

function fitting(spans: readonly Span[], room: number): Span[] {
  let left = spans
  while (left.length > 0 && widthOfSpans(left) > room) left = left.slice(1)
  return [...left]
}

export function widthOfSpans(spans: readonly Span[]): number {
  return spans.reduce((sum, { text }) => sum + widthOf(text), 0)
}

/** Draws them one after the other, clipped; returns the columns used. */
export function drawSpans(
  canvas: Canvas,
  x: number,
  y: number,
  spans: readonly Span[],
  maxWidth: number,
): number {
  let used = 0
  for (const { text, style } of spans) {
    if (used >= maxWidth) break
    used += canvas.text(x + used, y, text, style ?? {}, maxWidth - used)
  }
  return used
}
