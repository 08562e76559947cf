import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InputDecoder, type InputEvent } from './input.ts'

/** Bytes, and what they mean: keys as `C-a`, `M-x`, `S-tab`, with what they type behind a space. */
const table: [string, string[]][] = [
  ['a', ['a a']],
  ['A', ['S-A A']],
  ['ä中👍', ['ä ä', '中 中', '👍 👍']],
  [' ', ['   ']],
  ['\r', ['enter']],
  ['\n', ['enter']],
  ['\t', ['tab']],
  ['\x7f', ['backspace']],
  ['\b', ['backspace']],
  ['\x03', ['C-c']],
  ['\x1a', ['C-z']],
  ['\x00', ['C- ']],
  ['\x1c', ['C-\\']],
  ['\x1b', ['escape']],
  ['\x1b\x1b', ['escape', 'escape']],
  ['\x1bx', ['M-x x']],
  ['\x1b\r', ['M-enter']],
  ['\x1b\x7f', ['M-backspace']],
  ['\x1bä', ['M-ä ä']],
  ['\x1b[', ['M-[ [']],
  ['\x1bO', ['M-S-O O']],
  ['\x1b]', ['M-] ]']],
  // xterm and tmux.
  ['\x1b[A\x1b[B\x1b[C\x1b[D', ['up', 'down', 'right', 'left']],
  ['\x1bOA\x1bOB\x1bOC\x1bOD', ['up', 'down', 'right', 'left']],
  ['\x1b[H\x1b[F\x1bOH\x1bOF', ['home', 'end', 'home', 'end']],
  ['\x1b[1~\x1b[4~\x1b[2~\x1b[3~\x1b[5~\x1b[6~', ['home', 'end', 'insert', 'delete', 'pageup', 'pagedown']],
  ['\x1bOP\x1bOS\x1b[15~\x1b[24~', ['f1', 'f4', 'f5', 'f12']],
  ['\x1b[1;5A\x1b[1;2D\x1b[1;3C\x1b[1;8H', ['C-up', 'S-left', 'M-right', 'C-M-S-home']],
  ['\x1b[5;5~\x1b[3;2~\x1b[1;2P', ['C-pageup', 'S-delete', 'S-f1']],
  ['\x1bO5A', ['C-up']],
  ['\x1b[Z', ['S-tab']],
  ['\x1b\x1b[A', ['M-up']],
  // The Linux console.
  ['\x1b[[A\x1b[[E', ['f1', 'f5']],
  // rxvt.
  ['\x1b[7~\x1b[8~', ['home', 'end']],
  ['\x1b[a\x1bOa\x1b[3^\x1b[5@', ['S-up', 'C-up', 'C-delete', 'C-S-pageup']],
  ['\x1b[3$', ['S-delete']],
  ['\x1b[11~', ['f1']],
  // The keypad.
  ['\x1bOM\x1bOk\x1bOq', ['enter', '+ +', '1 1']],
  // Mouse.
  ['\x1b[<0;1;1M', ['press 0 0,0']],
  ['\x1b[<2;120;48M\x1b[<2;120;48m', ['press 2 119,47', 'release 2 119,47']],
  ['\x1b[<32;3;4M', ['drag 0 2,3']],
  ['\x1b[<64;5;6M\x1b[<65;5;6M', ['wheel-up 0 4,5', 'wheel-down 0 4,5']],
  ['\x1b[<4;1;1M\x1b[<16;1;1M', ['S-press 0 0,0', 'C-press 0 0,0']],
  ['\x1b[<35;5;6M\x1b[<66;5;6M', []],
  // Pastes: nothing in them is a key.
  ['\x1b[200~q\x1b[A\r\n中\x1b[201~x', ['paste "q\\u001b[A\\r\\n中"', 'x x']],
  ['\x1b[200~\x1b[201~', ['paste ""']],
  // What the terminal answers.
  ['\x1b]11;rgb:ffff/ffff/ffff\x1b\\', ['light']],
  ['\x1b]11;rgb:00/2b/36\x07', ['dark']],
  ['\x1b]11;rgba:f/f/f/f\x07', ['light']],
  // Unknown ones are swallowed, and nothing of them is typed.
  ['\x1b[?2026;2$yq', ['q q']],
  ['\x1b[?62;c\x1b[>0;276;0cq', ['q q']],
  ['\x1b[99~\x1b[1;2Xq', ['q q']],
  ['\x1bP1$r0m\x1b\\q', ['q q']],
  ['\x1b]52;c;YWJj\x07q', ['q q']],
  ['\x1b_Gi=1;OK\x1b\\q', ['q q']],
  ['\x1b[I\x1b[Oq', ['q q']],
  ['\u0085\u009bq', ['q q']],
  // Broken off: the rest counts.
  ['\x1b[1;\x1b[Aq', ['up', 'q q']],
  ['\x1b]11;rgb:\x1b[Aq', ['up', 'q q']],
]

test('bytes of all kinds of terminals are understood', () => {
  for (const [bytes, expected] of table) {
    assert.deepEqual(decodeIn(bytes, Infinity), expected, JSON.stringify(bytes))
  }
})

test('it makes no difference how the bytes are cut into chunks', () => {
  for (const [bytes, expected] of table) {
    const length = Buffer.byteLength(bytes)
    assert.deepEqual(decodeIn(bytes, 1), expected, JSON.stringify(bytes))
    for (let at = 1; at < length; at++)
      assert.deepEqual(decodeCut(bytes, at), expected, `${JSON.stringify(bytes)} at ${at}`)
  }
})

test('the bytes of a key are what a service gets', () => {
  const all = 'aä\x1b[1;5A\x1bx\x03\r\x1bOP'
  const events = new InputDecoder().decode(Buffer.from(all))
  assert.equal(events.map(event => (event.type === 'key' ? event.bytes : '')).join(''), all)
})

test('a paste without end is bounded', () => {
  const decoder = new InputDecoder()
  decoder.decode(Buffer.from('\x1b[200~'))
  for (let count = 0; count < 40; count++) assert.deepEqual(decoder.decode(Buffer.alloc(65_536, 'x')), [])
  assert.equal(decoder.waiting, false)
  const [paste] = decoder.decode(Buffer.from('\x1b[201~'))
  assert.equal(paste?.type === 'paste' && paste.text.length, 1024 * 1024)
})

test('a sequence without end is given up', () => {
  const decoder = new InputDecoder()
  assert.deepEqual(decoder.decode(Buffer.from(`\x1b[${'1;'.repeat(4096)}`)), [])
  assert.deepEqual(decoder.decode(Buffer.from('A')).length <= 1, true)
  assert.deepEqual(decoder.decode(Buffer.from('q')).map(named), ['q q'])
})

function decodeIn(text: string, size: number): string[] {
  const decoder = new InputDecoder()
  const bytes = Buffer.from(text)
  const events: InputEvent[] = []
  const step = Math.min(size, bytes.length)
  for (let at = 0; at < bytes.length; at += step)
    events.push(...decoder.decode(bytes.subarray(at, at + step)))
  return [...events, ...decoder.flush()].map(named)
}

function decodeCut(text: string, at: number): string[] {
  const decoder = new InputDecoder()
  const bytes = Buffer.from(text)
  const events = [bytes.subarray(0, at), bytes.subarray(at)].flatMap(part => decoder.decode(part))
  return [...events, ...decoder.flush()].map(named)
}

function named(event: InputEvent): string {
  switch (event.type) {
    case 'key': {
      const { key, text, ctrl, alt, shift } = event
      return `${ctrl ? 'C-' : ''}${alt ? 'M-' : ''}${shift ? 'S-' : ''}${key}${text === '' ? '' : ` ${text}`}`
    }
    case 'mouse': {
      const { action, button, x, y, shift, ctrl } = event
      return `${ctrl ? 'C-' : ''}${shift ? 'S-' : ''}${action} ${button} ${x},${y}`
    }
    case 'paste':
      return `paste ${JSON.stringify(event.text)}`
    case 'background':
      return event.light ? 'light' : 'dark'
  }
}
