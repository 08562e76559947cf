import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify } from './process-identity.ts'

test('an identity is the same for whoever looks, whatever the language and the time zone', () => {
  const program = `
    import { identify } from '${join(import.meta.dirname, 'process-identity.ts')}'
    console.log(JSON.stringify(identify(${process.pid})))`
  for (const env of [
    { TZ: 'Asia/Tokyo', LC_ALL: 'de_DE.UTF-8' },
    { TZ: 'America/New_York', LC_TIME: 'fr_FR.UTF-8' },
  ]) {
    const args = ['--input-type=module', '-e', program]
    const seen = execFileSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } })
    assert.deepEqual(JSON.parse(seen), identify(process.pid))
  }
})
