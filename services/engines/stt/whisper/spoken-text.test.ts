import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { spokenOrNothing, spokenText } from './spoken-text.ts'

test('what subtitles say beside speech is not what was said', () => {
  equal(spokenText(' [BLANK_AUDIO]'), '')
  equal(spokenText(' (upbeat music)\n (applause)\n'), '')
  equal(spokenText(' (something that nobody knows)\n *so*\n'), '')
  equal(spokenText(' ♪ La la ♪'), 'La la')
  equal(spokenText('*coughs* And so, my fellow [inaudible] Americans.'), 'And so, my fellow Americans.')
  equal(spokenText('(clears throat) Well. [speaking in foreign language]'), 'Well.')
})

test('brackets and stars that were said stay', () => {
  const said = 'Compute 2 * 3 * 4 (that is, twenty-four) in array[index].'
  equal(spokenText(said), said)
  equal(
    spokenText('Rock (and the music of the time) is a * b * c.'),
    'Rock (and the music of the time) is a * b * c.',
  )
})

test('of a model of which nothing is known, only what is all in brackets is no speech', () => {
  equal(spokenOrNothing('[BLANK_AUDIO] (music)'), '')
  equal(
    spokenOrNothing(' And so [inaudible]\n my (fellow) *Americans*.'),
    'And so [inaudible] my (fellow) *Americans*.',
  )
})

test('the segments of an utterance are one line', () => {
  equal(
    spokenText(' Ask not what your country\n can do for you.\n'),
    'Ask not what your country can do for you.',
  )
  equal(spokenText(' 2 * 3 is 6'), '2 * 3 is 6')
})
