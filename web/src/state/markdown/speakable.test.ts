import assert from 'node:assert/strict'
import { test } from 'node:test'
import { summaryOf } from './plain.ts'
import { speakable } from './speakable.ts'
import { answerOf, splitThoughts } from './thoughts.ts'

test('what is read aloud are sentences, without code, formulas, addresses and thoughts', () => {
  const text = `<think>Hm.</think>

# The plan

Do **this** and \`that\`, see [the page](https://a.b/c) or https://a.b/d.

1. first
2. second!

\`\`\`js
secret()
\`\`\`

| Plant | Weeks |
| --- | --- |
| Bean | 9 |

So $x^2$ is small.[^1] ![cat.png](/files/a/cat.png)

[^1]: not this`
  assert.equal(
    speakable(text),
    [
      'The plan.',
      'Do this and that, see the page or.',
      'first.',
      'second!',
      'Plant, Weeks.',
      'Bean, 9.',
      'So is small.',
    ].join('\n'),
  )
  assert.equal(speakable('```\nx\n```'), '')
})

test('a summary is one line without marks, cut at a word', () => {
  assert.equal(summaryOf('# Hello\n\nthere **you** are', 80), 'Hello there you are')
  assert.equal(summaryOf('<think>x</think>\nyes', 80), 'yes')
  assert.equal(summaryOf('one two three four', 12), 'one two…')
  assert.equal(summaryOf('![cat](/files/a/cat.png)', 80), 'cat')
  assert.equal(summaryOf('- a\n- b\n\n```js\nc()\n```', 80), 'a b c()')
})

test('thoughts stand before the answer alone', () => {
  assert.deepEqual(splitThoughts('<think>a</think>b'), {
    thoughts: [{ text: 'a', isOpen: false }],
    answer: 'b',
  })
  assert.deepEqual(splitThoughts('<think>a'), { thoughts: [{ text: 'a', isOpen: true }], answer: '' })
  assert.deepEqual(splitThoughts('b <think>'), { thoughts: [], answer: 'b <think>' })
  assert.equal(answerOf('<think>a</think>\n\nb'), 'b')
})
