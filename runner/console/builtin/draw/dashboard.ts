import { widthOf, type Canvas, type Rect } from '../terminal/canvas.ts'
import type { Style } from '../terminal/style.ts'
import type { ServiceStatus } from '../../../supervisor/events.ts'
import { words } from '../../messages.ts'
import { stateSigns } from '../../view.ts'
import { duration, memory, percent } from '../../units.ts'
import type { Dashboard } from '../state.ts'
import { sparkline } from './sparkline.ts'
import { drawSpans, type Span } from './title.ts'
import { signOf, type Theme } from './theme.ts'

/** The services with what they use, and what core tells of its models. */
export function drawDashboard(canvas: Canvas, rect: Rect, dashboard: Dashboard, theme: Theme): void {
  canvas.fill(rect, {}, ' ')
  canvas.text(rect.x, rect.y, '─'.repeat(rect.columns), { fg: theme.accent })
  canvas.text(rect.x + 2, rect.y, ` ${words.dashboard} `, { fg: theme.accent, bold: true }, rect.columns - 4)
  const table = tableOf(dashboard, rect.columns - 2)
  const inner = { x: rect.x + 1, y: rect.y + 2, columns: rect.columns - 2, rows: rect.rows - 2 }
  drawRow(
    canvas,
    inner,
    0,
    table,
    table.map(({ head }) => head),
    table.map(() => ({ fg: theme.dim })),
  )
  for (const [row, service] of dashboard.services.slice(0, Math.max(0, inner.rows - 1)).entries()) {
    const { style } = signOf(service.state, theme)
    const texts = table.map(column => column.text(service))
    const styles = table.map(({ kind }) =>
      kind === 'state' ? style : kind === 'graph' ? { fg: theme.accent } : {},
    )
    drawRow(canvas, inner, row + 1, table, texts, styles)
  }
  const used = dashboard.services.flatMap(({ usage }) => (usage === undefined ? [] : [usage]))
  if (used.length > 1 && dashboard.services.length + 1 < inner.rows) {
    const sum = (key: 'cpu' | 'memory'): number => used.reduce((total, usage) => total + usage[key], 0)
    const total: Readonly<Record<string, string>> = {
      [heads.name]: words.total,
      [heads.cpu]: percent(sum('cpu')),
      [heads.memory]: memory(sum('memory')),
    }
    const row = dashboard.services.length + 1
    const dim = table.map((): Style => ({ fg: theme.dim }))
    drawRow(
      canvas,
      inner,
      row,
      table,
      table.map(({ head }) => total[head] ?? ''),
      dim,
    )
  }
  const after = dashboard.services.length + 3
  for (const [row, spans] of factsOf(dashboard, theme).entries()) {
    if (after + row < inner.rows) drawSpans(canvas, inner.x, inner.y + after + row, spans, inner.columns)
  }
}

const heads = { name: 'service', cpu: 'CPU', memory: 'memory' } as const

interface Column {
  readonly head: string
  readonly kind: 'text' | 'number' | 'state' | 'graph'
  readonly width: number
  readonly text: (service: ServiceStatus) => string
}

/** The columns that there is room for; the graphs get what is left over. */
function tableOf({ services, history }: Dashboard, room: number): Column[] {
  const column = (head: string, kind: Column['kind'], text: Column['text']): Column => ({
    head,
    kind,
    text,
    width: Math.max(widthOf(head), ...services.map(service => widthOf(text(service)))),
  })
  const name = column(heads.name, 'text', service => service.name)
  const stateColumn = column(
    'state',
    'state',
    service => `${stateSigns[service.state].sign} ${service.state}`,
  )
  const pid = column('pid', 'number', service => service.pid?.toString() ?? '–')
  const up = column('up', 'number', service =>
    service.uptimeMs === undefined ? '–' : duration(service.uptimeMs),
  )
  const restarts = column('restarts', 'number', service => String(service.restarts))
  const cpu = column(heads.cpu, 'number', service =>
    service.usage === undefined ? '–' : percent(service.usage.cpu),
  )
  const ram = column(heads.memory, 'number', service =>
    service.usage === undefined ? '–' : memory(service.usage.memory),
  )
  const plain = [name, stateColumn, pid, up, restarts, cpu, ram]
  // What goes first where it is narrow.
  const dispensable = [restarts, pid, up]
  let columns = plain
  for (const gone of dispensable) {
    if (widthOfTable(columns) <= room) break
    columns = columns.filter(each => each !== gone)
  }
  const left = room - widthOfTable(columns) - 2 * gap
  const longest = Math.max(0, ...Object.values(history).map(({ length }) => length))
  const width = Math.max(4, Math.min(30, longest, Math.floor(left / 2)))
  if (Math.floor(left / 2) < 4) return columns
  const largest = Math.max(0, ...Object.values(history).flatMap(usages => usages.map(usage => usage.memory)))
  const graph = (key: 'cpu' | 'memory'): Column => ({
    head: '',
    kind: 'graph',
    width,
    text: ({ name }) => {
      const values = (history[name] ?? []).map(usage => usage[key])
      // CPU against one core at least, so that an idle service looks idle; memory against the largest of all.
      const full = key === 'cpu' ? Math.max(1, ...values) : largest
      return sparkline(values, width, full)
    },
  })
  return columns.flatMap(each =>
    each === cpu ? [each, graph('cpu')] : each === ram ? [each, graph('memory')] : [each],
  )
}

const gap = 2

function widthOfTable(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width + gap, -gap)
}

function drawRow(
  canvas: Canvas,
  inner: Rect,
  row: number,
  table: readonly Column[],
  texts: readonly string[],
  styles: readonly Style[],
): void {
  if (row >= inner.rows) return
  let x = 0
  for (const [index, { width, kind }] of table.entries()) {
    const text = texts[index] ?? ''
    const indent = kind === 'number' ? width - widthOf(text) : 0
    const room = Math.min(width - indent, inner.columns - x - indent)
    if (room > 0) canvas.text(inner.x + x + indent, inner.y + row, text, styles[index] ?? {}, room)
    x += width + gap
  }
}

function factsOf({ facts }: Dashboard, theme: Theme): Span[][] {
  const label = (text: string): Span => ({ text: text.padEnd(8), style: { fg: theme.dim } })
  const models = (facts?.models ?? []).map(({ name, state, memory: bytes }) =>
    `${name} ${state} ${bytes === 0 ? '' : memory(bytes)}`.trimEnd(),
  )
  const queues = (facts?.queues ?? []).map(({ name, waiting, live }) => words.queue(name, waiting, live))
  const rows: Span[][] = []
  if (models.length > 0) rows.push([label(words.models), { text: models.join(' · ') }])
  if (queues.length > 0) rows.push([label(words.queues), { text: queues.join(' · ') }])
  return rows
}
