import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { jobErrors } from './messages.ts'
import { portalSchemas, schemaFolder, schemaText } from './json-schema.ts'
import { resultSchema, statusSchema } from './request.ts'

test('the published schemas are those of the code (else: node services/portal/json-schema.ts)', async () => {
  const schemas = portalSchemas()
  assert.deepEqual(
    (await readdir(schemaFolder)).filter(name => name.endsWith('.schema.json')).sort(),
    Object.keys(schemas).sort(),
  )
  for (const [name, schema] of Object.entries(schemas)) {
    const text = JSON.stringify(JSON.parse(await readFile(join(schemaFolder, name), 'utf8')))
    assert.equal(text, JSON.stringify(JSON.parse(schemaText(schema))), name)
  }
})

test('every error that a portal gives fits the schema of a result', () => {
  const errors = [
    jobErrors.deadline(),
    jobErrors.diskLow(60),
    jobErrors.overQuota('count', 3, 1),
    jobErrors.cancelled(),
  ]
  for (const error of errors)
    assert.deepEqual(resultSchema.parse({ ok: false, id: 'x', error }), { ok: false, id: 'x', error })
  assert.equal(resultSchema.safeParse({ ok: false, id: 'x' }).success, false)
  assert.equal(statusSchema.safeParse({ state: 'walking' }).success, false)
})
