import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { clipboardSequence } from './clipboard.ts'

suite('copying to the clipboard', () => {
  test('is OSC 52 with the text in base64', () => {
    assert.equal(clipboardSequence('née\nx', {}), '\u001b]52;c;bsOpZQp4\u0007')
  })

  test('within tmux it also goes to the terminal outside, with its escapes doubled', () => {
    assert.equal(
      clipboardSequence('a', { TMUX: '/tmp/tmux-0/default,1,0' }),
      '\u001b]52;c;YQ==\u0007\u001bPtmux;\u001b\u001b]52;c;YQ==\u0007\u001b\\',
    )
  })
})
