import type { GbnfJsonSchema } from 'node-llama-cpp'
import { EngineError } from '../../../core/engine.ts'

type Json = Readonly<Record<string, unknown>>
/** `strict`: what can't be held to is refused. `lenient`: it is left out. */
type Manner = 'strict' | 'lenient'

const maxText = 64 * 1024
const maxDepth = 32
/** Repetitions that llama.cpp still takes. */
const maxLength = 2000

const notes =
  /^(title|description|default|examples?|deprecated|readOnly|writeOnly|\$schema|\$id|\$comment|\$anchor|x-.*)$/
const known = new Set(
  (
    'type properties required additionalProperties minProperties maxProperties items prefixItems minItems maxItems ' +
    'minLength maxLength format enum const oneOf anyOf $ref $defs definitions'
  ).split(' '),
)
const types = new Set(['string', 'number', 'integer', 'boolean', 'null', 'object', 'array'])
const formats = new Set(['date', 'time', 'date-time'])
const anyValue = {
  oneOf: [
    { type: ['string', 'number', 'boolean', 'null'] },
    { type: 'object', additionalProperties: true },
    { type: 'array', items: { type: ['string', 'number', 'boolean', 'null'] } },
  ],
}

/**
 * A JSON Schema in the words that the library understands: it takes those that it does not know for `null`, and what is not
 * an object of it goes wrong later. Every property comes, also one that is not required. Throws `bad_schema`.
 */
export function bendToLibrary(schema: Json, manner: Manner): GbnfJsonSchema {
  if (JSON.stringify(schema).length > maxText) throw fault('', `it is longer than ${maxText} characters`)
  const bent = new Bender(manner, definitionsOf(schema)).bend(schema, '', 0)
  const defs = definitionsOf(schema)
  if (Object.keys(defs).length === 0) return bent as GbnfJsonSchema
  const bender = new Bender(manner, defs)
  const $defs = Object.fromEntries(
    Object.entries(defs).map(([name, def]) => [name, bender.bend(def, `/$defs/${name}`, 1)]),
  )
  return { ...bent, $defs } as unknown as GbnfJsonSchema
}

function definitionsOf(schema: Json): Json {
  const both = [schema['definitions'], schema['$defs']].filter(isObject)
  return Object.assign({}, ...both) as Json
}

class Bender {
  readonly #manner: Manner
  readonly #definitions: Json

  constructor(manner: Manner, definitions: Json) {
    this.#manner = manner
    this.#definitions = definitions
  }

  bend(schema: unknown, path: string, depth: number): Json {
    if (depth > maxDepth) throw fault(path, `it is nested more than ${maxDepth} deep`)
    if (schema === true) return anyValue
    if (!isObject(schema)) throw fault(path, 'a schema is an object')
    this.#checkWords(schema, path)
    if (typeof schema['$ref'] === 'string') return { $ref: this.#reference(schema['$ref'], path) }
    const choices = schema['oneOf'] ?? schema['anyOf']
    if (choices !== undefined) return { oneOf: this.#list(choices, `${path}/oneOf`, depth) }
    if ('const' in schema) return { const: literal(schema['const'], path) }
    if ('enum' in schema) {
      const { enum: values } = schema
      if (!Array.isArray(values) || values.length === 0) throw fault(path, 'enum is a list of values')
      return { enum: values.map(value => literal(value, path)) }
    }
    return this.#typed(schema, path, depth)
  }

  #checkWords(schema: Json, path: string): void {
    if (this.#manner === 'lenient') return
    const unknown = Object.keys(schema).filter(word => !known.has(word) && !notes.test(word))
    if (unknown.length > 0) throw fault(path, `${unknown.join(', ')} can't be held to`)
  }

  #reference(reference: string, path: string): string {
    const name = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(reference)?.[1]
    if (name === undefined || !Object.hasOwn(this.#definitions, name))
      throw fault(path, `there is no ${JSON.stringify(reference)}`)
    return `#/$defs/${name}`
  }

  #typed(schema: Json, path: string, depth: number): Json {
    const type = schema['type'] ?? impliedType(schema)
    if (type === undefined) return anyValue
    const all = Array.isArray(type) ? (type as unknown[]) : [type]
    const wrong = all.find(one => typeof one !== 'string' || !types.has(one))
    if (wrong !== undefined || all.length === 0)
      throw fault(path, `there is no type ${JSON.stringify(wrong)}`)
    if (all.length > 1) return { oneOf: all.map(one => this.#typed({ ...schema, type: one }, path, depth)) }
    if (all[0] === 'object') return this.#object(schema, path, depth)
    if (all[0] === 'array') return this.#array(schema, path, depth)
    if (all[0] === 'string') return this.#string(schema, path)
    return { type: all[0] }
  }

  #object(schema: Json, path: string, depth: number): Json {
    const properties = schema['properties'] ?? {}
    if (!isObject(properties)) throw fault(path, 'properties is an object')
    const additional = schema['additionalProperties']
    const open =
      Object.keys(properties).length === 0
        ? additional !== false
        : isObject(additional) || additional === true
    return {
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, one]) => [
          name,
          this.bend(one, `${path}/properties/${name}`, depth + 1),
        ]),
      ),
      ...(open
        ? { additionalProperties: isObject(additional) ? this.bend(additional, path, depth + 1) : true }
        : {}),
      ...lengths(schema, ['minProperties', 'maxProperties'], path),
    }
  }

  #array(schema: Json, path: string, depth: number): Json {
    const { items, prefixItems } = schema
    return {
      type: 'array',
      items: items === undefined ? anyValue : this.bend(items, `${path}/items`, depth + 1),
      ...(prefixItems === undefined
        ? {}
        : { prefixItems: this.#list(prefixItems, `${path}/prefixItems`, depth) }),
      ...lengths(schema, ['minItems', 'maxItems'], path),
    }
  }

  #string(schema: Json, path: string): Json {
    const { format } = schema
    if (typeof format === 'string' && formats.has(format)) return { type: 'string', format }
    if (format !== undefined && this.#manner === 'strict')
      throw fault(path, `the format ${JSON.stringify(format)} can't be held to`)
    return { type: 'string', ...lengths(schema, ['minLength', 'maxLength'], path) }
  }

  #list(list: unknown, path: string, depth: number): Json[] {
    if (!Array.isArray(list) || list.length === 0) throw fault(path, 'a list of schemas is expected')
    return list.map((one, at) => this.bend(one, `${path}/${at}`, depth + 1))
  }
}

function impliedType(schema: Json): string | undefined {
  if ('properties' in schema || 'additionalProperties' in schema) return 'object'
  return 'items' in schema || 'prefixItems' in schema ? 'array' : undefined
}

function lengths(schema: Json, words: readonly string[], path: string): Json {
  const given = words.filter(word => schema[word] !== undefined)
  for (const word of given) {
    const value = schema[word]
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > maxLength)
      throw fault(path, `${word} is a whole number up to ${maxLength}`)
  }
  return Object.fromEntries(given.map(word => [word, schema[word]]))
}

function literal(value: unknown, path: string): unknown {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value
  throw fault(path, 'of values, only texts, numbers, booleans and null can be held to')
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fault(path: string, what: string): EngineError {
  return new EngineError({ reason: 'bad_schema', detail: `${path === '' ? 'the schema' : path}: ${what}` })
}
