import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readScriptNeeds } from './script-metadata.ts'

const needs = (text: string) => {
  const read = readScriptNeeds(text)
  return read.ok ? read.needs : read.fault
}

test('a program without the block needs nothing', () => {
  assert.deepEqual(needs(''), { packages: [] })
  assert.deepEqual(needs('import json\n# script\n# ///\n'), { packages: [] })
})

test('the Python and the packages are read from the block, whatever lies around it', () => {
  const text = `#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11,<4"
# dependencies = [
#   "vosk>=0.3.42",  # speech
#   'numpy ; python_version < "3.13"',
#   "onnxruntime[gpu]",
#   "mine @ https://example.invalid/mine-1.0-py3-none-any.whl",
# ]
#
# [tool.uv]
# dependencies = ["not-this-one"]
# ///
import vosk
`
  const packages = [
    'vosk>=0.3.42',
    'numpy ; python_version < "3.13"',
    'onnxruntime[gpu]',
    'mine @ https://example.invalid/mine-1.0-py3-none-any.whl',
  ]
  assert.deepEqual(needs(text), { python: '>=3.11,<4', packages })
  assert.deepEqual(needs(text.replaceAll('\n', '\r\n')), { python: '>=3.11,<4', packages })
  assert.deepEqual(needs('# /// script\n# dependencies = []\n# ///\n'), { packages: [] })
})

test('what pip could take for an option, or nobody can read, is a fault', () => {
  const of = (list: string): unknown => needs(`# /// script\n# dependencies = ${list}\n# ///\n`)
  assert.match(String(of('["--index-url=https://example.invalid"]')), /"--index-url.*" is no dependency/)
  assert.match(String(of('["-r other.txt"]')), /is no dependency/)
  assert.match(String(of('["../folder"]')), /is no dependency/)
  assert.match(String(of('["a", 3]')), /can not be read/)
  assert.match(String(of('["a"')), /can not be read/)
  assert.match(JSON.stringify(needs('# /// script\n# dependencies = []\nimport x\n')), /has no end/)
  const twice = '# /// script\n# dependencies = []\n# ///\n'
  assert.match(JSON.stringify(needs(`${twice}\n${twice}`)), /two blocks/)
})
