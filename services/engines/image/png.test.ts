import assert from 'node:assert/strict'
import { test } from 'node:test'
import { png } from '../../../test/support/png.ts'
import { PngError, readPng, withText } from './png.ts'

const file = png(40, 24, [1, 2, 3])

test('a text is added in front of the picture, in Latin-1 or else in UTF-8', () => {
  for (const [text, chunk] of [
    ['a füchse\nSteps: 4', 'tEXtparameters\0a'],
    ['🦊 a', 'iTXtparameters\0\0\0\0\0'],
  ] as const) {
    const told = withText(file, 'parameters', text)
    assert.deepEqual(readPng(told), { width: 40, height: 24, texts: ['parameters'] })
    assert.ok(told.includes(chunk, 0, 'latin1'))
    assert.ok(told.indexOf('IDAT') > told.indexOf('parameters'))
  }
})

test('a PNG that is cut anywhere, or has a byte changed, is none', () => {
  for (let length = 0; length < file.length; length++)
    assert.throws(() => readPng(file.subarray(0, length)), PngError, `${length} bytes`)
  for (let at = 0; at < file.length; at++) {
    const damaged = Buffer.from(file)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    assert.throws(() => readPng(damaged), PngError, `byte ${at}`)
  }
})
