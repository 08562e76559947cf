import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AudioMemory } from './audio-memory.ts'

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

test('samples keep their numbers, whatever pieces they come in, and the oldest are forgotten', () => {
  for (const step of [1, 3, 8, 10, 25]) {
    const memory = new AudioMemory(10)
    for (let at = 0; at < 50; at += step) memory.push(Float32Array.from(numbers(at, Math.min(50, at + step))))
    assert.equal(memory.end, 50)
    assert.deepEqual(Array.from(memory.slice(0, 100)), numbers(40, 50))
    assert.deepEqual(Array.from(memory.slice(44, 47)), [44, 45, 46])
    assert.deepEqual(Array.from(memory.slice(10, 20)), [])
  }
})

test('a copy keeps the numbers, and what comes later leaves it as it is', () => {
  const memory = new AudioMemory(10)
  memory.push(Float32Array.from(numbers(0, 25)))
  const copy = memory.copy(12, 20)
  memory.push(Float32Array.from(numbers(25, 40)))
  assert.deepEqual(Array.from(copy.slice(0, 100)), numbers(15, 20))
  assert.deepEqual(Array.from(copy.slice(17, 19)), [17, 18])
  assert.deepEqual(Array.from(memory.copy(50, 60).slice(0, 100)), [])
})
