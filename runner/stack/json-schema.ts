import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { stackSchema } from './schema.ts'

/** `node runner/stack/json-schema.ts` writes this file anew, for editors; a test proves that it is up to date. */
export const jsonSchemaPath = join(import.meta.dirname, '../../docs/stack.schema.json')

/** What a stack.yaml may say, as JSON Schema 2020-12. */
export function stackJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(stackSchema, {
    // What a person writes: before defaults and transforms.
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod
      // A variable's value may be written as a number, and is text in the end.
      if (def.type === 'string' && 'coerce' in def && def.coerce)
        jsonSchema.type = ['string', 'number', 'boolean'] as never
      // The default of a size is its number of bytes, which nobody may write: its description says it.
      if (jsonSchema.type === 'string' && typeof jsonSchema.default === 'number') delete jsonSchema.default
      if (jsonSchema.type === 'object' && jsonSchema.default !== undefined) delete jsonSchema.default
    },
  })
  return { $schema, title: 'stack.yaml of Courante', ...schema }
}

if (import.meta.main) await writeFile(jsonSchemaPath, `${JSON.stringify(stackJsonSchema(), null, 2)}\n`)
