import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { layout } from './layout.ts'

/** `title` and `inner` of each pane as x,y columns x rows. */
function rectangles(
  columns: number,
  rows: number,
  panes: number,
  focus = 0,
  zoomed = false,
  top = true,
): string[] {
  const made = layout(columns, rows, panes, focus, zoomed, top)
  if (made.type === 'too_small') return ['too small']
  const text = ({ x, y, columns: c, rows: r }: { x: number; y: number; columns: number; rows: number }) =>
    `${x},${y} ${c}x${r}`
  return [
    ...(made.tabs ? ['tabs'] : []),
    ...made.places.map(({ pane, title, inner }) => `${pane}: ${text(title)} ${text(inner)}`),
    ...(made.divider === undefined ? [] : [`divider ${text(made.divider)}`]),
    `prompt ${text(made.prompt)}`,
  ]
}

suite('the layout', () => {
  const table: [name: string, args: Parameters<typeof rectangles>, want: string[]][] = [
    [
      '160x48: top half, bottom left two thirds, bottom right one third, the prompt below',
      [160, 48, 3],
      [
        '0: 0,0 160x1 0,1 160x23',
        '1: 0,24 106x1 0,25 106x22',
        '2: 107,24 53x1 108,25 52x22',
        'divider 106,24 1x23',
        'prompt 0,47 160x1',
      ],
    ],
    [
      '200x60',
      [200, 60, 3],
      [
        '0: 0,0 200x1 0,1 200x29',
        '1: 0,30 133x1 0,31 133x28',
        '2: 134,30 66x1 135,31 65x28',
        'divider 133,30 1x29',
        'prompt 0,59 200x1',
      ],
    ],
    [
      '80x24 still has all three',
      [80, 24, 3],
      [
        '0: 0,0 80x1 0,1 80x11',
        '1: 0,12 53x1 0,13 53x10',
        '2: 54,12 26x1 55,13 25x10',
        'divider 53,12 1x11',
        'prompt 0,23 80x1',
      ],
    ],
    [
      'one pane in the stack: the bottom is its own',
      [80, 24, 2],
      ['0: 0,0 80x1 0,1 80x11', '1: 0,12 80x1 0,13 80x10', 'prompt 0,23 80x1'],
    ],
    [
      'without a transcript: two panes over the whole height',
      [80, 24, 2, 0, false, false],
      ['0: 0,0 53x1 0,1 53x22', '1: 54,0 26x1 55,1 25x22', 'divider 53,0 1x23', 'prompt 0,23 80x1'],
    ],
    [
      'without a transcript: one pane is the whole',
      [40, 10, 1, 0, false, false],
      ['0: 0,0 40x1 0,1 40x8', 'prompt 0,9 40x1'],
    ],
    [
      'without a transcript, narrow: one above the other',
      [60, 17, 2, 0, false, false],
      ['0: 0,0 60x1 0,1 60x7', '1: 0,8 60x1 0,9 60x7', 'prompt 0,16 60x1'],
    ],
    [
      'narrow: one above the other',
      [60, 30, 3],
      ['0: 0,0 60x1 0,1 60x9', '1: 0,10 60x1 0,11 60x9', '2: 0,20 60x1 0,21 60x8', 'prompt 0,29 60x1'],
    ],
    [
      'low: the focused one under a line of tabs',
      [80, 12, 3, 1],
      ['tabs', '1: 0,0 80x1 0,1 80x10', 'prompt 0,11 80x1'],
    ],
    ['40x10: the same', [40, 10, 3, 2], ['tabs', '2: 0,0 40x1 0,1 40x8', 'prompt 0,9 40x1']],
    ['zoomed: the same', [160, 48, 3, 1, true], ['tabs', '1: 0,0 160x1 0,1 160x46', 'prompt 0,47 160x1']],
    ['too narrow', [39, 30, 3], ['too small']],
    ['too low', [80, 9, 3], ['too small']],
    ['nothing at all', [0, 0, 3], ['too small']],
  ]
  for (const [name, args, want] of table) {
    test(name, () => assert.deepEqual(rectangles(...args), want))
  }

  test('at every size the panes are whole, and nothing overlaps or is left over', () => {
    for (let columns = 40; columns <= 210; columns += 7) {
      for (let rows = 10; rows <= 70; rows++) {
        for (const [panes, top] of [
          [2, true],
          [3, true],
          [1, false],
          [2, false],
        ] as const) {
          for (const zoomed of [false, true]) {
            const made = layout(columns, rows, panes, panes - 1, zoomed, top)
            assert.equal(made.type, 'panes')
            if (made.type !== 'panes') continue
            const rects = made.places.flatMap(({ title, inner }) => [title, inner])
            if (made.divider !== undefined) rects.push(made.divider)
            const cells = [...rects, made.prompt].reduce((sum, each) => sum + each.columns * each.rows, 0)
            const air = made.divider === undefined ? 0 : made.divider.rows - 1
            assert.equal(cells + air, columns * rows, `${columns}x${rows}, ${panes} panes`)
            for (const { inner } of made.places) assert.ok(inner.rows >= 4 && inner.columns >= 20)
          }
        }
      }
    }
  })
})
