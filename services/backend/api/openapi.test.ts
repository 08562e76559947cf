import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openApi } from './openapi.ts'
import { apiRig } from '../../../test/support/api-rig.ts'

const operation = z.object({
  summary: z.string().min(10),
  operationId: z.string(),
  security: z.array(z.record(z.string(), z.array(z.string()))).min(1),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.enum(['path', 'query']),
        required: z.boolean(),
        schema: z.looseObject({}),
      }),
    )
    .default([]),
  requestBody: z.object({ content: z.record(z.string(), z.looseObject({})) }).optional(),
  responses: z.record(z.string(), z.looseObject({})),
})
const documentSchema = z.object({
  openapi: z.literal('3.1.0'),
  info: z.object({ title: z.string(), version: z.string() }),
  paths: z.record(z.string().startsWith('/'), z.record(z.string(), operation)),
  components: z.object({
    schemas: z.record(z.string(), z.looseObject({})),
    securitySchemes: z.record(z.string(), z.looseObject({})),
    responses: z.record(z.string(), z.looseObject({})),
  }),
})

test('the OpenAPI document is whole: every route, every parameter, every reference', async () => {
  await using rig = await apiRig()
  const served = await rig.must('GET', '/api/openapi.json')
  const document = documentSchema.parse(served)
  assert.deepEqual(served, JSON.parse(JSON.stringify(openApi(rig.backend.routes))))
  const ids = new Set<string>()
  for (const { method, path } of rig.backend.routes) {
    const template = path.replace(/:(\w+)/g, '{$1}')
    const item = document.paths[template]
    const found = item?.[method.toLowerCase()]
    assert.ok(found !== undefined, `${method} ${path}`)
    const inPath = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    const declared = found.parameters.filter(parameter => parameter.in === 'path')
    assert.deepEqual(declared.map(({ name }) => name).toSorted(), inPath.toSorted(), path)
    assert.ok(
      declared.every(({ required }) => required),
      path,
    )
    assert.ok(!ids.has(found.operationId), found.operationId)
    ids.add(found.operationId)
    for (const scheme of found.security.flatMap(need => Object.keys(need))) {
      assert.ok(scheme in document.components.securitySchemes)
    }
  }
  const references = [...JSON.stringify(served).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)]
  assert.ok(references.length > 20)
  assert.ok(!JSON.stringify(served).includes('$defs'))
  for (const [, kind, name] of references) {
    const known = document.components[kind as 'schemas' | 'responses']
    assert.ok(name !== undefined && name in known, `${kind}/${name}`)
  }
  for (const name of ['RoomEvent', 'Message', 'Cursor', 'Problem', 'Room']) {
    assert.ok(name in document.components.schemas, name)
  }
})
