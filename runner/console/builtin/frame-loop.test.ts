import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FrameLoop } from './frame-loop.ts'

suite('the frame loop', () => {
  test('draws at once after a pause, then 16 ms apart, and has no timer when nothing is new', async () => {
    const clock = new HandClock()
    const drawn: number[] = []
    const loop = new FrameLoop(() => {
      drawn.push(clock.now())
      return Promise.resolve(10)
    }, clock)
    clock.time = 1000
    loop.request()
    loop.request()
    await clock.run()
    assert.deepEqual(drawn, [1000])
    assert.equal(clock.waiting, 0)
    clock.time = 1003
    loop.request()
    await clock.run()
    assert.deepEqual(drawn, [1000, 1016])
    assert.equal(clock.waiting, 0)
  })

  test('in a flood frames are 50 ms apart', async () => {
    const clock = new HandClock()
    const drawn: number[] = []
    const loop = new FrameLoop(() => {
      drawn.push(clock.now())
      return Promise.resolve(1_000_000)
    }, clock)
    for (let frame = 0; frame < 3; frame++) {
      loop.request()
      await clock.run()
    }
    assert.deepEqual(drawn, [0, 50, 100])
  })

  test('what is new while a frame goes out is drawn after it', async () => {
    const clock = new HandClock()
    let drawn = 0
    const out = Promise.withResolvers<number>()
    const loop = new FrameLoop(() => (++drawn === 1 ? out.promise : Promise.resolve(0)), clock)
    loop.request()
    await clock.run()
    loop.request()
    await clock.run()
    assert.equal(drawn, 1, 'the terminal has not taken the first frame yet')
    out.resolve(0)
    await clock.run()
    assert.equal(drawn, 2)
  })

  test('a closed one draws no more', async () => {
    const clock = new HandClock()
    let drawn = 0
    const loop = new FrameLoop(() => Promise.resolve(++drawn), clock)
    loop.request()
    loop.close()
    await clock.run()
    assert.equal(drawn, 0)
  })
})

class HandClock {
  time = 0
  #waiting: { at: number; callback: () => void }[] = []

  now(): number {
    return this.time
  }

  after(ms: number, callback: () => void): void {
    this.#waiting.push({ at: this.time + ms, callback })
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Lets everything come that is due, however late. */
  async run(): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < 5; turn++) await Promise.resolve()
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.time = Math.max(this.time, next.at)
      next.callback()
    }
  }
}
