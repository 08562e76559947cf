import assert from 'node:assert/strict'
import { test } from 'node:test'
import { satisfies, type Verdict } from './version.ts'

const cases: [string, string, Verdict][] = [
  ['3.12.1', '>=3.12', 'yes'],
  ['3.11.9', '>=3.12', 'no'],
  ['3.9', '>=3.12', 'no'],
  ['3.13.0', '>=3.10,<3.13', 'no'],
  ['3.12', '>=3.10, <3.13', 'yes'],
  ['1.0', '==1.0.0', 'yes'],
  ['1.4.9', '~=1.4.2', 'yes'],
  ['1.5.0', '~=1.4.2', 'no'],
  ['1.9', '~=1.4', 'yes'],
  ['2.0', '~=1.4', 'no'],
  ['2.0', '!=2.0', 'no'],
  ['2.1', '!=2.0', 'yes'],
  ['2.0', '>2.0', 'no'],
  ['2.0', '<=2.0', 'yes'],
  ['2.0', '', 'yes'],
  // Not only plain releases.
  ['2.0rc1', '>=2.0', 'no'],
  ['2.0rc1', '>=1.9', 'yes'],
  ['2.0rc1', '==2.0rc1', 'yes'],
  ['1.0.post1', '>=1.0', 'yes'],
  ['1.0.post1', '>1.0', 'no'],
  ['1.0.dev1', '<1.0', 'no'],
  ['2.0.0+cpu', '>=2.0', 'yes'],
  ['2.0.0+cpu', '==2.0', 'yes'],
  ['2.0.0+cpu', '==2.0.0+cu121', 'no'],
  ['1.2.3', '==1.2.*', 'yes'],
  ['1.3', '!=1.2.*', 'yes'],
  ['1!1.0', '>=2.0', 'yes'],
  ['1.2.3', '==1.*,>=2', 'no'],
  // Only pip can judge these.
  ['1.0', '<1.0.post1', 'unsure'],
  ['2004d', '>=2004', 'unsure'],
  ['1.0', '>=later', 'unsure'],
]
for (const [version, specifier, verdict] of cases) {
  test(`${version} fits "${specifier}": ${verdict}`, () => {
    assert.equal(satisfies(version, specifier), verdict)
  })
}
