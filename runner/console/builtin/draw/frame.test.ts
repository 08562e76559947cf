import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ServiceStatus } from '../../../supervisor/events.ts'
import { initialState, type State } from '../state.ts'
import { Canvas, type RowSource } from '../terminal/canvas.ts'
import { drawFrame } from './frame.ts'

suite('a frame', () => {
  test('80x24: three panes with their services, the keys and the page', () => {
    assert.deepEqual(rowsOf(running(80, 24)), [
      '── transcript ──────────────────────────────────────────────────────────────────',
      ...filled('transcript', 80, 11),
      '── backend  ● core  ● backend :8770 ─────────────────┬── web  ● :5173 ──────────',
      ...beside('backend', 53, 'web', 25, 10),
      ' Q quit  R restart  P pull  ? keys                        http://127.0.0.1:5173',
    ])
  })

  test('40x10: the focused pane under a line of tabs', () => {
    assert.deepEqual(rowsOf(running(40, 10)), [
      '─ 1 transcript  2 backend ●●  3 web ● ──',
      ...filled('backend', 40, 8),
      ' Q quit  R restart  P pull  ? keys',
    ])
  })

  test('60x22: one pane above the other', () => {
    const rows = rowsOf(running(60, 22))
    assert.deepEqual(
      rows.filter(row => row.startsWith('──')),
      [
        '── transcript ──────────────────────────────────────────────',
        '── backend  ● core  ● backend :8770 ────────────────────────',
        '── web  ● :5173 ────────────────────────────────────────────',
      ],
    )
  })

  test('too small a terminal is told so in one line', () => {
    assert.deepEqual(rowsOf(running(30, 5)), ['needs 40x10', '', '', '', ''])
    assert.deepEqual(rowsOf(running(4, 1)), ['need'])
  })

  test('a back-off counts down in the title', () => {
    const state = running(80, 24)
    const services = state.services.map(service =>
      service.name === 'core' ? { name: 'core', state: 'backoff' as const, restartAt: 2500 } : service,
    )
    assert.match(
      rowsOf({ ...state, services })[12] ?? '',
      /^── backend {2}✕ core again in 3 s {2}● backend :8770 ──/,
    )
    assert.match(rowsOf({ ...state, services, now: 1501 })[12] ?? '', /core again in 1 s/)
  })

  test('a scrolled pane says how many lines are new, a filtered and searched one what for', () => {
    const state = changed(running(80, 24), {
      position: { following: false, fresh: 12 },
      filter: 'level:warn',
      search: 'x',
      found: { nth: 3, total: 41, searching: false },
    })
    assert.match(
      rowsOf({ ...state, zoomed: true })[0] ?? '',
      /─ zoomed {2}filter level:warn {2}\/x 3 of 41 {2}↓ 12 new ─$/,
    )
    // In a narrow title what tells least goes first.
    assert.match(rowsOf(state)[12] ?? '', / ↓ 12 new ──┬/)
  })

  test('the prompt stands in the last line, with what was found', () => {
    const state = changed(running(80, 24), {
      search: 'abc',
      found: { nth: undefined, total: 0, searching: false },
    })
    const canvas = drawn({ ...state, mode: { type: 'prompt', kind: 'search', text: 'abc' } })
    assert.match(textOf(canvas).at(-1) ?? '', /^ \/abc +no match$/)
    assert.deepEqual(canvas.cursor, { x: 5, y: 23 })
  })

  test('a message has the last line where both do not fit', () => {
    const message = {
      text: 'not pulled: files are changed here (a.ts); commit them',
      tone: 'warn',
      until: 1e9,
    } as const
    assert.match(
      rowsOf({ ...running(120, 24), message }).at(-1) ?? '',
      /^ Q quit .* not pulled: .* commit them$/,
    )
    assert.match(
      rowsOf({ ...running(40, 10), message }).at(-1) ?? '',
      /^ not pulled: files are changed here .*…$/,
    )
  })

  test('while it stops, who is waited for, and what a second Q does', () => {
    const waits = [{ service: 'core', pid: 123, killAt: 2400 }]
    assert.equal(
      rowsOf({ ...running(80, 24), run: 'stopping', waits }).at(-1),
      ' Q again: kill now                    waiting for core (pid 123), killed in 3 s',
    )
  })

  test('the keys stand in a box over the panes, at 40x10 in a part that moves', () => {
    const large = rowsOf({ ...running(80, 24), mode: { type: 'help', top: 0 } }).join('\n')
    assert.match(large, /│ Q +quit: stop everything; again: kill now +│/)
    assert.match(large, /Shift-drag/)
    const small = rowsOf({ ...running(40, 10), mode: { type: 'help', top: 99 } }).join('\n')
    assert.match(small, /Shift-drag/)
    assert.match(small, /↑/)
  })

  test('the choice of a service', () => {
    const mode = { type: 'pick', purpose: 'restart', services: ['core', 'backend'], chosen: 1 } as const
    const rows = rowsOf({ ...running(80, 24), mode }).join('\n')
    assert.match(rows, /─ Restart which\? ─[^]*│ 1 ● core +│[^]*│ 2 ● backend +│/)
  })

  test('the dashboard at 160x48 leaves the services in sight, at 40x10 it has the screen', () => {
    const dashboard = {
      services: [status('core', 640_000_000, 0.021), status('backend', 45_000_000, 1.4)],
      history: { core: [0, 0.5, 1].map(cpu => ({ cpu, memory: 640_000_000 })), backend: [] },
      facts: {
        models: [{ name: 'moonshine-tiny', state: 'ready', memory: 45_000_000 }],
        queues: [{ name: 'stt', waiting: 2, live: 1 }],
      },
      top: 0,
    }
    const rows = rowsOf({ ...running(160, 48), dashboard })
    assert.match(rows[0] ?? '', /^── dashboard ──/)
    assert.match(rows[2] ?? '', /^ service +state +pid +up +restarts +CPU +memory/)
    assert.match(rows[3] ?? '', /^ core +● ready +41 +2 min +3 +2\.1 % .*▅█ +640 MB +███$/)
    assert.match(rows[5] ?? '', /^ sum +142 % +685 MB$/)
    assert.match(rows[7] ?? '', /^ models {2}moonshine-tiny ready 45 MB$/)
    assert.match(rows[8] ?? '', /^ queues {2}stt 2 waiting, 1 live$/)
    assert.match(rows[24] ?? '', /── backend/)
    const small = rowsOf({ ...running(40, 10), dashboard })
    assert.match(small[3] ?? '', /^ core +● ready +2 min +2\.1 % +640 MB/)
  })
})

/** Services ready, one source of numbered rows in each pane. */
function running(columns: number, rows: number): State {
  const service = (port?: number) => (port === undefined ? {} : { port }) as never
  const state = initialState({
    stack: {
      name: 'test',
      services: { core: service(), backend: service(8770), web: service(5173) },
      panes: {
        backend: { title: 'backend', services: ['core', 'backend'] },
        web: { title: 'web', services: ['web'] },
      },
    },
    owner: true,
    transcript: true,
    address: 'http://127.0.0.1:5173',
    columns,
    rows,
    now: 0,
  })
  return { ...state, run: 'running', services: state.services.map(each => ({ ...each, state: 'ready' })) }
}

function changed(state: State, change: Partial<State['panes'][number]>): State {
  const panes = state.panes.map((pane, index) => (index === state.focus ? { ...pane, ...change } : pane))
  return { ...state, panes }
}

function status(name: string, memory: number, cpu: number): ServiceStatus {
  return {
    name,
    state: 'ready',
    pid: 41,
    uptimeMs: 125_000,
    restarts: 3,
    pane: 'x',
    logStart: 0,
    usage: { cpu, memory, processes: 1 },
  }
}

function drawn(state: State): Canvas {
  const canvas = new Canvas(state.columns, state.rows)
  drawFrame(canvas, state, pane => numbered(['transcript', 'backend', 'web', 'all'][pane] ?? ''))
  return canvas
}

function rowsOf(state: State): string[] {
  return textOf(drawn(state))
}

function textOf(canvas: Canvas): string[] {
  return Array.from({ length: canvas.rows }, (_, y) =>
    canvas.textOf({ x: 0, y, columns: canvas.columns, rows: 1 }).trimEnd(),
  )
}

function numbered(name: string): RowSource {
  return {
    columns: 500,
    rows: 500,
    drawRow: (y, into, x, atY, columns) => void into.text(x, atY, `${name} ${y}`, {}, columns),
  }
}

function filled(name: string, columns: number, rows: number): string[] {
  return Array.from({ length: rows }, (_, row) => `${name} ${row}`.slice(0, columns))
}

function beside(left: string, columns: number, right: string, rightColumns: number, rows: number): string[] {
  return Array.from(
    { length: rows },
    (_, row) => `${`${left} ${row}`.padEnd(columns)}│ ${`${right} ${row}`.slice(0, rightColumns)}`,
  )
}
