import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { messageHash } from './hash.ts'
import { normalNarrative, normalText } from './normal.ts'
import { type BbMessage, parseBb } from './parse.ts'
import { BbScanner, type ScannedMessage } from './scanner.ts'
import { isLabel, writeBb } from './write.ts'

const runs = { numRuns: Number(process.env['BB_RUNS'] ?? 500) }

/** What forged labels and broken readers are made of. */
const traps = [
  '\n',
  '\n\n',
  '\r',
  '\r\n',
  '\t',
  '\t\t',
  ' ',
  ':',
  ':\t',
  'Barbie:\thi',
  '\nBarbie:\thi',
  '\u2028Eve:\thi',
  '\u0085Eve:\thi',
  '\0',
  '\v',
  '\f',
  '\x1b[2J',
  '\uFEFF',
  '\uD800',
  '\u00A0',
  'http://x:\ty',
  'x',
  'ü',
  '🦆',
  '<think>',
  '\x7f',
] as const
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...traps) },
  fc.string({ unit: 'binary', maxLength: 8 }),
)
const text = fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join(''))
const label = fc.oneof(
  fc.constantFrom('Alice', 'Björn', 'a b', 'R2-D2', 'x:y', '李'),
  fc.string({ unit: 'binary', maxLength: 12 }).filter(isLabel),
)
const bytes = fc.oneof(
  text.map(text => Buffer.from(text)),
  fc.uint8Array({ maxLength: 80 }).map(bytes => Buffer.from(bytes)),
)

test('what is written is read as exactly one message, by its author, whatever its text is', () => {
  fc.assert(
    fc.property(label, text, (author, text) => {
      assert.deepEqual(parseBb(writeBb(author, text)), [{ author, text: normalText(text) }])
    }),
    runs,
  )
})

test('messages stay apart, whoever says what after what', () => {
  const message = fc.record({ author: fc.option(label), text })
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), messages => {
      const expected = messages
        .map(({ author, text }) => ({
          author,
          text: author === null ? normalNarrative(text) : normalText(text),
        }))
        .filter(({ author, text }) => author !== null || text !== '')
      assert.deepEqual(parseBb(write(messages)), expected)
    }),
    runs,
  )
})

test('any bytes are read, and what was read is written so that it is read again', () => {
  fc.assert(
    fc.property(bytes, bytes => {
      const messages = parseBb(bytes.toString('utf8'))
      assert.deepEqual(parseBb(write(messages)), messages)
    }),
    runs,
  )
})

test('the scanner finds the same messages in any pieces, and each where it stands', () => {
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(20), { maxLength: 20 }), (bytes, cuts) => {
      const whole = scan([bytes])
      assert.deepEqual(whole.map(spoken), parseBb(bytes.toString('utf8')))
      assert.deepEqual(scan(pieces(bytes, cuts)), whole)
      let offset = 0
      for (const message of whole) {
        assert.equal(message.offset, offset)
        offset = message.end
        const alone = scan([bytes.subarray(message.offset, message.end)])
        assert.deepEqual(alone.map(spoken), [spoken(message)])
      }
    }),
    runs,
  )
})

test('what is closed at any moment is a message of the file, if nobody continues it', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(label, text), { maxLength: 5 }), fc.array(fc.nat(20)), (messages, cuts) => {
      const bytes = Buffer.from(write(messages.map(([author, text]) => ({ author, text }))))
      const whole = scan([bytes])
      const scanner = new BbScanner()
      const shown: ScannedMessage[] = []
      for (const piece of pieces(bytes, cuts)) {
        shown.push(...scanner.feed(piece))
        const closed = scanner.closed()
        if (closed !== undefined) assert.deepEqual(closed, whole[shown.length])
      }
      assert.deepEqual([...shown, ...scanner.end()], whole)
    }),
    runs,
  )
})

/** The table of docs/bb.md, line by line. */
const table: [why: string, text: string, messages: [string | null, string][]][] = [
  [
    'lines without a tab are narrative, and neighbours join',
    'It rains.\nA lot.\n\nStill.\n',
    [
      [null, 'It rains.\nA lot.'],
      [null, 'Still.'],
    ],
  ],
  ['of a continuation exactly one tab is taken away', 'A:\tcode\n\t\tx\n\n', [['A', 'code\n\tx']]],
  ['whatever stands before the colon is the label', 'http://x:\ty\n\n', [['http://x', 'y']]],
  ['a tab without a colon before it is narrative', 'X\ty\n', [[null, 'X\ty']]],
  [
    'an empty line ends a message',
    'A:\tx\n\nit rains\n',
    [
      ['A', 'x'],
      [null, 'it rains'],
    ],
  ],
  ['unless a continuation follows', 'A:\tx\n\n\n\ty\n\n', [['A', 'x\n\n\ny']]],
  ['a continuation of nothing is narrative', '\tx\n', [[null, 'x']]],
  [
    'a label ends the message before it',
    'A:\tx\nB:\ty\n',
    [
      ['A', 'x'],
      ['B', 'y'],
    ],
  ],
  [
    'narrative ends what somebody says',
    'A:\tx\nit rains\n',
    [
      ['A', 'x'],
      [null, 'it rains'],
    ],
  ],
  [
    'CRLF is accepted',
    'A:\tx\r\n\ty\r\n\r\nB:\tz\r\n\r\n',
    [
      ['A', 'x\ny'],
      ['B', 'z'],
    ],
  ],
  ['U+2028 and U+0085 are text', 'A:\tx\u2028B:\ty\u0085C:\tz\n\n', [['A', 'x\u2028B:\ty\u0085C:\tz']]],
  ['the last line needs no newline', 'A:\tx', [['A', 'x']]],
  ['a byte order mark is no part of the name', '\uFEFFA:\tx\n\n', [['A', 'x']]],
  [
    'a message may be empty',
    'A:\t\n\nB:\n',
    [
      ['A', ''],
      [null, 'B:'],
    ],
  ],
  [
    'a line of spaces is empty',
    'A:\tx\n   \nit rains\n',
    [
      ['A', 'x'],
      [null, 'it rains'],
    ],
  ],
  ['nothing is nothing', '\n\n \n\t\n', []],
]
for (const [why, text, messages] of table) {
  test(`.bb: ${why}`, () => {
    assert.deepEqual(
      parseBb(text).map(({ author, text }) => [author, text]),
      messages,
    )
  })
}

test('a posted line that looks like a label stays text', () => {
  assert.equal(writeBb('Ken', 'hi\nBarbie:\thi\n\nbye  \n\n'), 'Ken:\thi\n\tBarbie:\thi\n\t\n\tbye\n\n')
})

test('bytes that are no UTF-8 move no offset', () => {
  const bytes = Buffer.concat([Buffer.from('A:\tx'), Buffer.of(0xff, 0xc3), Buffer.from('\n\nB:\ty\n\n')])
  assert.deepEqual(
    scan([bytes]).map(({ offset, end }) => [offset, end]),
    [
      [0, 8],
      [8, 14],
    ],
  )
})

test('a hash is that of the text without trailing white space, and a newline', () => {
  // printf 'hello\n' | sha256sum
  assert.equal(messageHash('hello'), '5891b5b5')
  assert.equal(messageHash('hello \n\n'), '5891b5b5')
})

for (const name of [
  '',
  ' ',
  'a\tb',
  'a\nb',
  'a\rb',
  'a\0',
  'a\u2028b',
  'a:',
  ' a',
  'a ',
  '\u202Eecila',
  '\uD800',
]) {
  test(`${JSON.stringify(name)} can't be a label`, () => assert.ok(!isLabel(name)))
}

function write(messages: readonly { author: string | null; text: string }[]): string {
  return messages.map(({ author, text }) => writeBb(author, text)).join('')
}

function scan(pieces: readonly Uint8Array[]): ScannedMessage[] {
  const scanner = new BbScanner()
  return [...pieces.flatMap(piece => scanner.feed(piece)), ...scanner.end()]
}

function spoken({ author, text }: BbMessage): BbMessage {
  return { author, text }
}

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  let rest = bytes
  for (const cut of cuts) {
    pieces.push(rest.subarray(0, cut))
    rest = rest.subarray(cut)
  }
  return [...pieces, rest]
}
