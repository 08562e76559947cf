import childProcess from 'node:child_process'
import { EventEmitter } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'

/**
 * node-llama-cpp first loads its native code in a process of its own, to see whether that crashes, and takes 300 ms for it.
 * This is such a process already: core sees a crash, and says so. There is no option to leave that test out, so its answers
 * are given here. Not with a GPU, where the test also decides which of several binaries is taken.
 */
export async function withoutBinaryTest<Result>(start: () => Promise<Result>): Promise<Result> {
  const real = childProcess.fork
  const fake = ((file: string, ...rest: never[]) =>
    /testBindingBinary/.test(file)
      ? new PassedTest()
      : Reflect.apply(real, childProcess, [file, ...rest])) as never
  childProcess.fork = fake
  syncBuiltinESMExports()
  try {
    return await start()
  } finally {
    childProcess.fork = real
    syncBuiltinESMExports()
  }
}

const answers: Readonly<Record<string, string>> = { start: 'loaded', test: 'done' }

class PassedTest extends EventEmitter {
  readonly stdout = null
  readonly stderr = null
  readonly killed = false
  exitCode: number | null = null

  constructor() {
    super()
    setImmediate(() => this.emit('message', { type: 'ready' }))
  }

  send(message: { type: string }): boolean {
    const answer = answers[message.type]
    setImmediate(() => {
      if (answer !== undefined) return this.emit('message', { type: answer })
      this.exitCode = 0
      return this.emit('exit', 0)
    })
    return true
  }

  kill(): boolean {
    return true
  }
}
