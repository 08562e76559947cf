import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { jsonSchemaPath, stackJsonSchema } from './json-schema.ts'

interface Node {
  readonly description?: string
  readonly properties?: Readonly<Record<string, Node>>
  readonly additionalProperties?: Node | boolean
}

suite('the JSON Schema for editors', () => {
  test('docs/stack.schema.json is what the schema gives; node runner/stack/json-schema.ts writes it', async () => {
    assert.deepEqual(
      JSON.parse(await readFile(jsonSchemaPath, 'utf8')),
      JSON.parse(JSON.stringify(stackJsonSchema())),
    )
  })

  test('every key of a stack file and of a service is described', () => {
    const schema = stackJsonSchema() as Node
    const service = schema.properties?.['services']?.additionalProperties
    assert.ok(typeof service === 'object')
    for (const node of [schema, service]) {
      const keys = Object.entries(node.properties ?? {})
      assert.ok(keys.length > 5)
      assert.deepEqual(
        keys.filter(([, value]) => value.description === undefined),
        [],
      )
    }
  })
})
