import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { http } from '../../lib/http.ts'
import { tempDir, type TempDir } from '../../test/support/temp.ts'
import { Control } from './control.ts'
import { EventHub } from './event-hub.ts'
import type { PaneLogs } from './pane-logs.ts'
import type { Supervisor } from './supervisor.ts'

suite('the control socket and a reader that is stuck', { timeout: 20_000 }, () => {
  test('new output of a log is not sent before it has taken what there is; then it goes on', async () => {
    await using rig = await Reader.open('/logs?service=one&follow=1')
    for (let times = 0; times < 400; times += 1) {
      rig.output()
      await turn()
    }
    // What the system's socket takes, and one piece.
    assert.ok(rig.taken < 4e6, `${rig.taken} bytes for a reader who took none`)
    let got = 0
    for await (const chunk of rig.response) {
      got += (chunk as Buffer).length
      if (got > rig.taken / 2) rig.output()
      if (got > 8e6) break
    }
  })

  test('who does not read events is let go', async () => {
    await using rig = await Reader.open('/events')
    const gone = once(rig.response, 'error')
    for (let times = 0; times < 400; times += 1) rig.hub.emit({ type: 'notice', text: 'x'.repeat(20_000) })
    rig.response.resume()
    const [error] = (await gone) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ECONNRESET')
  })
})

/** Who has asked for a stream and reads nothing by itself; the log has no end. */
class Reader implements AsyncDisposable {
  readonly hub = new EventHub()
  taken = 0
  output = (): void => undefined
  response!: IncomingMessage
  #control!: Control
  #folder!: TempDir

  static async open(path: string): Promise<Reader> {
    const reader = new Reader()
    reader.#folder = await tempDir()
    const socketPath = join(reader.#folder.path, 'control.sock')
    const log = {
      start: 0,
      runStart: 0,
      read: (_from: number, count: number) => {
        reader.taken += count
        return Buffer.alloc(count)
      },
      subscribe: (listener: () => void) => {
        reader.output = listener
        return () => undefined
      },
    }
    const supervisor = { hub: reader.hub, log: () => log, status: () => ({}) }
    reader.#control = await Control.listen(socketPath, supervisor as unknown as Supervisor, {} as PaneLogs)
    const request = http.get({ socketPath, path, agent: false })
    ;[reader.response] = (await once(request, 'response')) as [IncomingMessage]
    return reader
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.response.destroy()
    await this.#control.close()
    await this.#folder[Symbol.asyncDispose]()
  }
}
