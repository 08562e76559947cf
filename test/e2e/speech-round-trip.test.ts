import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { EngineRig } from '../support/engine-rig.ts'
import { espeakModel, haveEspeak, moonshineModel } from '../support/speech-models.ts'
import { haveSpeech, plainWords } from '../support/speech.ts'

const skip =
  haveSpeech() && haveEspeak() ? false : 'models/files has no moonshine-tiny, silero-vad or espeak-ng'

const sentences = [
  'I would like a cup of coffee with milk and a piece of cake.',
  'Please turn off the lights in the kitchen before you go to bed.',
  'My brother works as a teacher at a small school in the city.',
  'Ask not what your country can do for you, ask what you can do for your country.',
  'She opened the window because it was warm in the room.',
  'The children are playing football in the garden behind the house.',
  'We have to finish this work before the end of the week.',
  'There are many books on the table in front of the window.',
  'He was late because he missed the bus this morning.',
  'The train to London leaves at seven in the morning.',
]
/** Of the voices that were tried this is the one that Moonshine understands best, at its usual speed. */
const voice = 'en-US+m3'

test('what is said is understood: ten sentences through eSpeak and Moonshine', { skip }, async t => {
  await using tts = await EngineRig.start({ program: 'services/engines/tts/espeak.ts', model: espeakModel })
  await using stt = await EngineRig.start({
    program: 'services/engines/stt/moonshine.ts',
    model: moonshineModel,
  })
  let wrong = 0
  let all = 0
  for (const text of sentences) {
    const { out } = await tts.result({ kind: 'speak', text, voice, format: 'wav', stream: false })
    const { body } = await stt.result({ kind: 'transcribe', file: 'speech.wav' }, [join(out, 'speech.wav')])
    const said = plainWords(text).split(' ')
    const heard = plainWords(String(body['text']))
    const errors = wordErrors(said, heard.split(' '))
    wrong += errors
    all += said.length
    t.diagnostic(`${percent(errors, said.length)} | ${plainWords(text)} | ${errors === 0 ? '=' : heard}`)
  }
  t.diagnostic(`${percent(wrong, all)} | all ${all} words`)
  // A robot's voice, with noise of its own: the same sentences were seen with 3 to 8 %.
  assert.ok(wrong / all < 0.2, `word error rate ${percent(wrong, all)}`)
})

/** Words to insert, to delete or to replace (Levenshtein). */
function wordErrors(said: readonly string[], heard: readonly string[]): number {
  let row = Array.from({ length: heard.length + 1 }, (_, i) => i)
  for (const [i, word] of said.entries()) {
    const next = [i + 1]
    for (const [j, other] of heard.entries()) {
      const replaced = (row[j] ?? 0) + (word === other ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

function percent(part: number, of: number): string {
  return `${((100 * part) / of).toFixed(1).padStart(5)} %`
}
