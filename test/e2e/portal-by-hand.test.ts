import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { coreHome } from '../support/core.ts'
import { root } from '../support/our-stack.ts'
import { haveSpeech, plainWords, speech } from '../support/speech.ts'

const skip = haveSpeech() ? false : 'the speech models are not here'

test('the session in the shell of docs/portal.md does what the page says', { skip }, async () => {
  await using home = await coreHome()
  await using core = home.core()
  await core.saw(/^core ready$/m)
  const page = await readFile(join(root, 'docs/portal.md'), 'utf8')
  const [, block = ''] = /```sh\n([^]*?)```/.exec(page) ?? []
  assert.match(block, /mv prep\/hello todo\/hello/)
  const lines = block.trim().split('\n')
  assert.match(lines.at(-1) ?? '', /^cat /)

  const folder = join(home.home, 'portals/stt', userInfo().username)
  const typed = lines.slice(1, -1).join('\n').replaceAll('~/talk.wav', speech.path)
  await execa('sh', ['-ec', typed], { cwd: folder })
  const result = join(folder, 'done/hello/result.json')
  let text: string | undefined
  while (text === undefined) {
    await delay(20)
    text = await readFile(result, 'utf8').catch(() => undefined)
  }
  const answer = JSON.parse(text) as { ok: boolean; id: string; text: string }
  assert.equal(answer.ok, true)
  assert.equal(answer.id, 'hello')
  assert.equal(plainWords(answer.text), speech.words)
})
