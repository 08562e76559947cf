import { WebSocket } from 'ws'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { parseWav } from '../lib/wav.ts'
import { courante } from '../test/support/courante.ts'
import { OurStack } from '../test/support/our-stack.ts'
import { fetchSpeech, speech } from '../test/support/speech.ts'

/**
 * How long after the end of its speech each line stands in transcript.log, on a recording streamed in real time through
 * the whole stack. An utterance's end is the engine's `audio_end_ms`, counted from the first sample sent.
 * Usage: `node bench/latency.ts [runs]`.
 */
const runs = Number(process.argv[2] ?? 5)
await fetchSpeech(new AbortController().signal)
const parsed = parseWav(await readFile(speech.path))
if (!parsed.ok) throw new Error('the speech sample is broken')
const { wav } = parsed

await using stack = await OurStack.make()
const up = courante(['up', '--yes', '--stack', stack.file], stack.env)
await stack.ready()
const delays: number[] = []
for (let run = 0; run <= runs; run++) {
  const measured = await streamOnce()
  // The first run waits for the model.
  if (run > 0) delays.push(...measured)
}
const sorted = delays.toSorted((a, b) => a - b)
const at = (share: number): string => `${Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0)} ms`
console.log(
  `end of speech → final text, ${delays.length} utterances in ${runs} runs, 500 ms of silence included:`,
)
console.log(`p50 ${at(0.5)}   p95 ${at(0.95)}   max ${at(1)}`)
up.kill('SIGINT')
await up

async function streamOnce(): Promise<number[]> {
  const socket = new WebSocket(`ws://127.0.0.1:${stack.ports.backend}/v1/realtime`)
  const measured: number[] = []
  const ends = new Map<string, number>()
  let start = 0
  const done = Promise.withResolvers<void>()
  socket.on('message', data => {
    const event = JSON.parse((data as Buffer).toString()) as {
      type: string
      item_id?: string
      audio_end_ms?: number
    }
    const item = event.item_id ?? ''
    if (event.type === 'input_audio_buffer.speech_stopped') ends.set(item, event.audio_end_ms ?? 0)
    if (event.type.endsWith('transcription.completed')) {
      measured.push(performance.now() - start - (ends.get(item) ?? 0))
    }
    if (event.type === 'error') done.resolve()
  })
  await new Promise(resolve => socket.once('open', resolve))
  const send = (event: object): void => socket.send(JSON.stringify(event))
  send({
    type: 'session.update',
    session: { audio: { input: { format: { type: 'audio/pcm', rate: wav.sampleRate } } } },
  })
  const chunk = wav.sampleRate / 25
  const silence = wav.sampleRate * 1.5
  start = performance.now()
  for (let from = 0; from < wav.frames + silence; from += chunk) {
    const samples = new Int16Array(chunk)
    if (from < wav.frames) {
      for (const [i, sample] of wav.mono(from, from + chunk).entries())
        samples[i] = Math.round(sample * 32_767)
    }
    send({ type: 'input_audio_buffer.append', audio: Buffer.from(samples.buffer).toString('base64') })
    const due = ((from + chunk) / wav.sampleRate) * 1000 - (performance.now() - start)
    if (due > 0) await delay(due)
  }
  // Nothing is open any more, so this commit is answered with an error: the end of what was asked for.
  send({ type: 'input_audio_buffer.commit' })
  await done.promise
  socket.close()
  return measured
}
