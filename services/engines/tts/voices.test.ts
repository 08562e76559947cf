import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Voices } from './voices.ts'

const voices = new Voices(
  [
    { identifier: 'gmw/en-US', languages: [{ name: 'en-us' }, { name: 'en' }] },
    { identifier: 'gmw/en', languages: [{ name: 'en-gb' }] },
    { identifier: 'eu', languages: [] },
  ],
  ['f3', 'Mr serious'],
)

test('a voice is found by its name or its language, in any case, with a variant or without', () => {
  assert.deepEqual(voices.names, ['en', 'en-US', 'eu'])
  assert.deepEqual(voices.find('en-us'), { id: 'gmw/en-US', name: 'en-US' })
  assert.deepEqual(voices.find('en'), { id: 'gmw/en', name: 'en' })
  assert.deepEqual(voices.find('EN-GB'), { id: 'gmw/en', name: 'en' })
  assert.deepEqual(voices.find('eu+Mr serious'), { id: 'eu+Mr serious', name: 'eu+Mr serious' })
})

test('any other is none', () => {
  for (const name of ['', 'xx', 'en+', 'en+f9', '+f3', 'gmw/en/../x', 'en+f3+f3'])
    assert.equal(voices.find(name), undefined, name)
})
