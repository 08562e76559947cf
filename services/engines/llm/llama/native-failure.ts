import { InsufficientMemoryError } from 'node-llama-cpp'
import { EngineError } from '../../../core/engine.ts'

/** What the library has thrown: `out_of_memory` where it or its last words speak of that, else `reason`. */
export function nativeFailure(
  error: unknown,
  reason: 'bad_model' | 'out_of_memory' | 'internal',
  log: NativeLog,
): EngineError {
  const message = error instanceof Error ? error.message : String(error)
  const detail = [message, log.text].filter(part => part !== '').join(': ')
  const memory = error instanceof InsufficientMemoryError || /alloc|memory/i.test(detail)
  return new EngineError({ reason: memory ? 'out_of_memory' : reason, detail }, { cause: error })
}

/** The last words of llama.cpp, which explain a failure better than its exceptions. */
export class NativeLog {
  #lines: string[] = []

  add(message: string): void {
    this.#lines = [...this.#lines, message.trim().slice(0, 300)].slice(-3)
  }

  get text(): string {
    return this.#lines.join(' / ')
  }
}
