import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sentencesOf, withoutMarkup } from './sentences.ts'

const texts = (text: string): string[] => Array.from(sentencesOf(text), one => one.text)

test('a text is its sentences; abbreviations do not end one, blank lines do', () => {
  assert.deepEqual(texts('Hello there! How are you? Fine.'), ['Hello there!', 'How are you?', 'Fine.'])
  assert.deepEqual(texts('This is Dr. Smith of the U.S. Army. He came, e.g. by train.'), [
    'This is Dr. Smith of the U.S. Army.',
    'He came, e.g. by train.',
  ])
  assert.deepEqual(texts('A title\n\nA line\nthat goes on.'), ['A title', 'A line that goes on.'])
  assert.deepEqual(texts('今日は。元気ですか？'), ['今日は。', '元気ですか？'])
})

test('what nobody speaks is left out', () => {
  assert.deepEqual(texts('\u0000 \u0007\n\n \t'), [])
  assert.deepEqual(texts('\ud800'), ['\ufffd'])
})

test('markup is kept for those who have some, and none for eSpeak', () => {
  assert.deepEqual(texts('a <break/> [[b]]'), ['a <break/> [[b]]'])
  assert.equal(withoutMarkup('a <break/> [[b]]'), 'a  break/  [ [b]]')
})

test('a long sentence is cut at a comma, else at a space, else somewhere, and nothing is lost', () => {
  const clause = 'and so on and so forth, '
  const long = [...sentencesOf(`${clause.repeat(20).trim().slice(0, -1)}.`)]
  assert.ok(long.length > 1)
  for (const { text, end } of long.slice(0, -1)) assert.ok(text.endsWith(',') && end === 'part', text)
  assert.equal(long.at(-1)?.end, 'sentence')
  for (const text of [
    clause.repeat(50),
    'word '.repeat(300),
    '9'.repeat(999),
    'x😀'.repeat(500),
    '😀'.repeat(500),
  ]) {
    const cut = texts(text)
    assert.equal(cut.join('').replaceAll(' ', ''), text.replaceAll(' ', ''))
    for (const one of cut) assert.ok(one.length <= 200 && one.isWellFormed())
  }
})

test('an engine that is slow is given less at once, in parts of about the same length', () => {
  const parts = [...sentencesOf(`${'nine lett '.repeat(9).trim()}.`, 80)]
  assert.deepEqual(
    parts.map(({ text }) => text.length),
    [49, 40],
  )
  for (const unit of ['word ', 'and so on and so forth, ', 'x😀', '9'])
    for (const { text } of sentencesOf(unit.repeat(100), 80)) assert.ok(text.length <= 80, text)
})

test('the longest text that is allowed is cut in no time', () => {
  for (const unit of ['a', ' ', '\n', '. ', 'A. ', ', ', '"(', '\n \n']) {
    const before = performance.now()
    for (const _ of sentencesOf(unit.repeat(200_000 / unit.length)));
    assert.ok(performance.now() - before < 5000, JSON.stringify(unit))
  }
})
