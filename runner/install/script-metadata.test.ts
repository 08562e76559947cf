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

test('the keys may be spelt as TOML has it, and the file may begin with a byte order mark', () => {
  const of = (line: string): unknown => needs(`# /// script\n${line}\n# ///\n`)
  const packages = ['a', 'b>=1,!=1.5.*']
  for (const line of [
    `#   dependencies = ["a", 'b>=1,!=1.5.*',]`,
    `# "dependencies"=["a","b>=1,!=1.5.*"]`,
    `# 'dependencies' = [ # all\n#\n# "a" # one\n# , "b>=1,!=1.5.*"]`,
  ])
    assert.deepEqual(of(line), { packages })
  assert.deepEqual(needs('\uFEFF# /// script\n# dependencies = ["a"]\n# ///\n'), { packages: ['a'] })
  assert.deepEqual(of(`# requires-python = '>=3.9'`), { packages: [], python: '>=3.9' })
})

test('a need that is written as nobody reads it is a fault, and not forgotten', () => {
  const of = (line: string): string => JSON.stringify(needs(`# /// script\n# ${line}\n# ///\n`))
  assert.match(of('dependencies = "vosk"'), /list of dependencies can not be read/)
  assert.match(of('dependencies = ["a",,"b"]'), /list of dependencies can not be read/)
  assert.match(of('dependencies: ["a"]'), /its line .*dependencies: .* can not be read/)
  assert.match(of('dependancies = ["a"]'), /its line .*dependancies .* can not be read/)
  assert.match(of('requires-python = 3.9'), /its line .*requires-python = 3.9.* can not be read/)
  assert.match(of('dependencies = ["a"] "b"'), /its line .* can not be read/)
})

test('a dependency is looked at to its end', () => {
  const of = (line: string): unknown => needs(`# /// script\n# dependencies = ['${line}']\n# ///\n`)
  for (const line of [
    'a>=1 --index-url http://x',
    'a --pre',
    'a ; python_version < "3" --pre',
    'a; \u001b[2J',
    'a @ -r',
    'a b',
    'a>=',
    'a #x',
  ])
    assert.match(JSON.stringify(of(line)), /is no dependency/, line)
  for (const line of [
    'a',
    'a-b.c_d [x,y] (>=1.0, <2)',
    'a==1!2.0+cpu',
    'a~=1.4 ; os_name == "posix" and python_version > "3"',
    'a @ git+https://example.invalid/a.git@main ; os_name == "posix"',
  ])
    assert.deepEqual(of(line), { packages: [line] })
})
