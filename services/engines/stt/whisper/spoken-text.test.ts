import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { spokenText } from './spoken-text.ts'

test('what subtitles say beside speech is not what was said', () => {
  equal(spokenText(' [BLANK_AUDIO]'), '')
  equal(spokenText(' (upbeat music)\n (applause)\n'), '')
  equal(spokenText(' ♪ La la ♪'), 'La la')
  equal(spokenText('*coughs* And so, my fellow [inaudible] Americans.'), 'And so, my fellow Americans.')
})

test('the segments of an utterance are one line', () => {
  equal(
    spokenText(' Ask not what your country\n can do for you.\n'),
    'Ask not what your country can do for you.',
  )
  equal(spokenText(' 2 * 3 is 6'), '2 * 3 is 6')
})
