import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeMarker } from './marker.ts'
import type { Verdict } from './version.ts'

const values = {
  python_version: '3.12',
  python_full_version: '3.12.1',
  sys_platform: 'linux',
  platform_system: 'Linux',
  platform_machine: 'x86_64',
  os_name: 'posix',
  implementation_name: 'cpython',
  platform_python_implementation: 'CPython',
}

const cases: [string, Verdict][] = [
  ['python_version < "3.11"', 'no'],
  ['python_version >= "3.9"', 'yes'],
  ["'3.9' <= python_version", 'yes'],
  ['python_full_version == "3.12.*"', 'yes'],
  ['python_version ~= "3.10"', 'yes'],
  ['python_version in "3.11 3.12"', 'yes'],
  ['python_version not  in "3.11 3.12"', 'no'],
  ['sys_platform == "linux" and platform_machine != "aarch64"', 'yes'],
  ['sys_platform == "win32" or os_name == "posix"', 'yes'],
  ['sys_platform == "win32" or os_name == "posix" and python_version < "3"', 'no'],
  ['(sys_platform == "win32" or os_name == "posix") and python_version > "3"', 'yes'],
  ['implementation_name=="pypy"', 'no'],
  ['platform_python_implementation != "PyPy"', 'yes'],
  ['extra == "fast"', 'no'],
  ['extra == "Some_Extra"', 'yes'],
  // Not known for this Python, or no marker at all.
  ['platform_release >= "5"', 'unsure'],
  ['platform_release >= "5" or os_name == "posix"', 'yes'],
  ['platform_release >= "5" and os_name == "nt"', 'no'],
  ['sys_platform > "linux"', 'unsure'],
  ['python_version', 'unsure'],
  ['python_version < ', 'unsure'],
  ['(os_name == "posix"', 'unsure'],
  ['os_name == "posix" os_name == "posix"', 'unsure'],
  ['colour == "red"', 'unsure'],
  ['', 'unsure'],
]
for (const [marker, verdict] of cases) {
  test(`${marker || 'nothing'}: ${verdict}`, () => {
    assert.equal(judgeMarker(marker, values, new Set(['some-extra'])), verdict)
  })
}
