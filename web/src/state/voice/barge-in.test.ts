import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BargeIn, type BargeInEvent, decideBargeIn, nobodySpeaks, takes } from './barge-in.ts'

/** Feeds events; the story has what was decided, and whether the words of `a` count. */
function after(...events: BargeInEvent[]): { story: string[]; taken: boolean; state: BargeIn } {
  const story: string[] = []
  let state = nobodySpeaks
  for (const event of events) {
    const { state: next, stopReading, drop } = decideBargeIn(state, event)
    state = next
    if (stopReading === true) story.push(`stop at ${state.now}`)
    if (drop !== undefined) story.push(`drop ${drop}`)
  }
  return { story, taken: takes(state, 'a'), state }
}

const reading = (on: boolean): BargeInEvent => ({ type: 'reading', on })
const started = (ms: number): BargeInEvent => ({ type: 'speech_started', item: 'a', ms })
const stopped = (ms: number): BargeInEvent => ({ type: 'speech_stopped', item: 'a', ms })
/** Chunks of 100 ms, of which these are loud. */
function sound(from: number, to: number, level: number): BargeInEvent[] {
  const chunks: BargeInEvent[] = []
  for (let ms = from + 100; ms <= to; ms += 100) chunks.push({ type: 'level', ms, level })
  return chunks
}

test('while nothing is read, whatever is said counts', () => {
  const { story, taken } = after(started(0), ...sound(0, 200, 0.8), stopped(200))
  assert.deepEqual(story, [])
  assert.equal(taken, true)
})

test('a cough over a voice stops nothing and says nothing', () => {
  const cough = [...sound(0, 300, 0.8), ...sound(300, 800, 0.1)]
  const { story, taken } = after(reading(true), started(0), ...cough, stopped(300))
  assert.deepEqual(story, ['drop a'])
  assert.equal(taken, false)
})

test('speech of half a second stops the voice, without waiting for its end', () => {
  const { story, taken } = after(reading(true), ...sound(0, 200, 0.8), started(0), ...sound(200, 900, 0.8))
  assert.deepEqual(story, ['stop at 500'])
  assert.equal(taken, true)
})

test('a pause inside speech is not its end', () => {
  const words = [...sound(0, 300, 0.8), ...sound(300, 600, 0.1), ...sound(600, 800, 0.7)]
  const { story } = after(reading(true), started(0), ...words)
  assert.deepEqual(story, ['stop at 700'])
})

test('a short word that ends after the voice does counts', () => {
  const { story, taken } = after(
    reading(true),
    started(0),
    ...sound(0, 100, 0.8),
    reading(false),
    ...sound(100, 300, 0.8),
    stopped(300),
  )
  assert.deepEqual(story, [])
  assert.equal(taken, true)
})

test('the end of a voice is heard late: what stopped before it is still its echo', () => {
  const { story, taken } = after(
    reading(true),
    ...sound(0, 600, 0.4),
    reading(false),
    started(200),
    stopped(500),
  )
  assert.deepEqual(story, ['drop a'])
  assert.equal(taken, false)
})

test('long speech that was quiet all the time stops the voice when the backend says that it was speech', () => {
  const { story, taken } = after(reading(true), started(0), stopped(700))
  assert.deepEqual(story, ['stop at 0'])
  assert.equal(taken, true)
})

test('what came out is forgotten', () => {
  const { state } = after(started(0), stopped(200), { type: 'completed', item: 'a' })
  assert.deepEqual(state.closed, [])
})
