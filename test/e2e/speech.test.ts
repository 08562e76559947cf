import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { courante } from '../support/courante.ts'
import { OurStack } from '../support/our-stack.ts'
import { haveSpeech, plainWords, speech } from '../support/speech.ts'

const skip = haveSpeech() ? false : 'the speech models are not here'

test('a recording streamed into the stack becomes the lines of transcript.log', { skip }, async () => {
  await using stack = await OurStack.make()
  const up = courante(['up', '--yes', '--stack', stack.file], stack.env)
  const { services } = await stack.ready()
  assert.equal(services.length, 3)
  const env = { COURANTE_HOME: stack.home, COURANTE_PORT_BACKEND: String(stack.ports.backend) }
  const mike = await courante(['mike', '--file', speech.path, '--fast'], env)
  assert.equal(mike.exitCode, 0, mike.all)
  const lines = (await readFile(join(stack.home, 'transcript.log'), 'utf8')).trimEnd().split('\n')
  for (const line of lines) assert.match(line, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} < \S/)
  const text = lines.map(line => line.slice('2026-11-20 23:31:04.120 < '.length)).join(' ')
  assert.equal(plainWords(text), speech.words)
  assert.equal(plainWords(mike.stdout), speech.words)
  const transcribed = await courante(['transcribe', speech.path], env)
  assert.equal(plainWords(transcribed.stdout), speech.words)
  up.kill('SIGINT')
  assert.equal((await up).exitCode, 130)
  await stack.gone()
})
