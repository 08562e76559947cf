import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { generatedSchema } from '../../services/portal/llm-request.ts'
import type { CoreClients } from '../../test/support/core-clients.ts'

export interface Ask {
  readonly id: number
  readonly kind: 'chat' | 'complete'
  readonly prompt: string
  readonly tokens: number
}

export interface Asked {
  readonly id: number
  readonly firstMs: number
  readonly totalMs: number
  readonly text: string
  /** Those that were generated. */
  readonly tokens: number
}

/** Who answers: the library in a process of its own, or all of ours from submit to result. */
export interface Subject extends Disposable {
  ask(ask: Omit<Ask, 'id'>): Promise<Asked>
}

/** A program of this folder that answers messages with an id. */
export class Direct<Question extends object, Answer extends { readonly id: number }> implements Disposable {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #count = 0

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (answer: Answer) => this.#waiting.get(answer.id)?.(answer))
  }

  static async start<Question extends object, Answer extends { readonly id: number }>(
    program: string,
    args: readonly string[],
  ): Promise<Direct<Question, Answer>> {
    const child = fork(join(import.meta.dirname, program), args)
    await once(child, 'message')
    return new Direct(child)
  }

  async ask(question: Question): Promise<Answer> {
    const id = ++this.#count
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.#waiting.set(id, resolve)
    this.#child.send({ ...question, id })
    const answer = await promise
    this.#waiting.delete(id)
    return answer
  }

  [Symbol.dispose](): void {
    this.#child.disconnect()
  }
}

/** Through the portal and core. */
export function throughCore(clients: CoreClients, model: string): Subject {
  return {
    ask: async ({ kind, prompt, tokens }) => {
      const shared = { model, maxTokens: tokens, temperature: 0, repeatPenalty: 1 }
      const began = performance.now()
      const job = await clients
        .of('llm')
        .submit(
          kind === 'chat'
            ? { kind, messages: [{ role: 'user', content: prompt }], ...shared }
            : { kind, prompt, ...shared },
        )
      let firstMs: number | undefined
      const result = job.wait()
      for await (const line of job.stream()) {
        void line
        firstMs ??= performance.now() - began
      }
      const answer = await result
      const totalMs = performance.now() - began
      if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.message}`)
      const { usage } = generatedSchema.pick({ usage: true }).parse(answer)
      return {
        id: 0,
        firstMs: firstMs ?? totalMs,
        totalMs,
        text: String(answer['text']),
        tokens: usage.completionTokens,
      }
    },
    [Symbol.dispose]: () => undefined,
  }
}
