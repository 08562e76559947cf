import type { Llama, LlamaGrammar } from 'node-llama-cpp'
import { type ChatRequest, EngineError } from '../../../core/engine.ts'
import { bendToLibrary } from './json-schema.ts'

type Format = NonNullable<ChatRequest['format']>

const kept = 20
const maxText = 32 * 1024
/** llama.cpp reads them by recursion, and its process dies of too deep a one. */
const maxDepth = 200
const maxRules = 500

/** Compiled grammars; the last ones used are kept. */
export class Grammars {
  readonly #runtime: Llama
  readonly #kept = new Map<string, LlamaGrammar>()

  constructor(runtime: Llama) {
    this.#runtime = runtime
  }

  /** Throws `bad_schema` or `bad_grammar`. */
  async of(format: Format): Promise<LlamaGrammar> {
    const key = JSON.stringify(format)
    const grammar = this.#kept.get(key) ?? (await this.#compile(format))
    this.#kept.delete(key)
    this.#kept.set(key, grammar)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > kept && oldest !== undefined) this.#kept.delete(oldest)
    return grammar
  }

  async #compile(format: Format): Promise<LlamaGrammar> {
    if (format.type === 'json') return this.#runtime.getGrammarFor('json')
    try {
      if (format.type === 'schema')
        return await this.#runtime.createGrammarForJsonSchema(bendToLibrary(format.schema, 'strict') as never)
      check(format.grammar)
      return await this.#runtime.createGrammar({ grammar: format.grammar })
    } catch (error) {
      if (error instanceof EngineError) throw error
      const detail = error instanceof Error ? error.message : String(error)
      throw new EngineError(
        { reason: format.type === 'schema' ? 'bad_schema' : 'bad_grammar', detail },
        { cause: error },
      )
    }
  }
}

function check(grammar: string): void {
  const fault = (detail: string): EngineError => new EngineError({ reason: 'bad_grammar', detail })
  if (grammar.length > maxText) throw fault(`it is longer than ${maxText} characters`)
  let depth = 0
  let rules = 0
  // Also those in texts and comments are counted: harmless, at these limits.
  for (const [sign] of grammar.matchAll(/[()]|::=/g)) {
    if (sign === '::=') rules++
    else depth = sign === '(' ? depth + 1 : Math.max(0, depth - 1)
    if (depth > maxDepth) throw fault(`it is nested more than ${maxDepth} deep`)
    if (rules > maxRules) throw fault(`it has more than ${maxRules} rules`)
  }
}
