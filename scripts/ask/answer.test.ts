import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { Answer } from './answer.ts'

function screen(isTTY: boolean, env: Record<string, string> = {}) {
  const stdout = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY })
  const stderr = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY })
  const answer = new Answer({ stdout, stderr, env })
  const text = (stream: PassThrough): string => (stream.read() as string | null) ?? ''
  return { answer, out: () => text(stdout), err: () => text(stderr) }
}

test('on a terminal thoughts are dimmed and stand apart, in a pipe they are left out', () => {
  const tell = (answer: Answer): void => {
    answer.add({ type: 'thought', text: 'Hm. ' })
    answer.add({ type: 'thought', text: 'Yes.' })
    answer.add({ type: 'text', text: 'It' })
    answer.add({ type: 'text', text: ' is.' })
    answer.finish('It is.')
  }
  const terminal = screen(true)
  tell(terminal.answer)
  assert.equal(terminal.out(), '\u001B[2mHm. Yes.\u001B[22m\n\nIt is.\n')
  const plain = screen(true, { NO_COLOR: '1' })
  tell(plain.answer)
  assert.equal(plain.out(), 'Hm. Yes.\n\nIt is.\n')
  const pipe = screen(false)
  tell(pipe.answer)
  assert.equal(pipe.out(), 'It is.\n')
})

test('what an engine says once more is written once', () => {
  const pipe = screen(false)
  pipe.answer.add({ type: 'text', text: 'One two' })
  pipe.answer.restart()
  for (const text of ['One', ' two', ' three']) pipe.answer.add({ type: 'text', text })
  pipe.answer.finish('One two three')
  assert.equal(pipe.out(), 'One two three\n')
})

test('something else the second time: a terminal tells it, a pipe ends', () => {
  const terminal = screen(true)
  terminal.answer.add({ type: 'text', text: 'One' })
  terminal.answer.restart()
  terminal.answer.add({ type: 'text', text: 'Two' })
  terminal.answer.finish('Two')
  assert.equal(terminal.out(), 'One\nTwo\n')
  assert.match(terminal.err(), /begins again/)
  const pipe = screen(false)
  pipe.answer.add({ type: 'text', text: 'One' })
  pipe.answer.restart()
  assert.throws(() => pipe.answer.add({ type: 'text', text: 'Two' }), { message: /something else/ })
})

test('an answer that ends its line gets no empty one, and escape sequences reach no terminal', () => {
  const terminal = screen(true)
  terminal.answer.add({ type: 'text', text: 'a\u001B]0;b\u0007\tc\r\n' })
  terminal.answer.finish('a\u001B]0;b\u0007\tc\r\n')
  assert.equal(terminal.out(), 'a]0;b\tc\n')
  const pipe = screen(false)
  pipe.answer.add({ type: 'text', text: 'a\u001B[1m\n' })
  pipe.answer.finish('a\u001B[1m\n')
  assert.equal(pipe.out(), 'a\u001B[1m\n')
})

test('a talk that is cut short leaves the terminal as it was', () => {
  const terminal = screen(true)
  terminal.answer.add({ type: 'thought', text: 'Hm' })
  terminal.answer[Symbol.dispose]()
  assert.equal(terminal.out(), '\u001B[2mHm\u001B[22m\n')
})
