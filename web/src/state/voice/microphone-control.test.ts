import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CaptureResult } from './capture.ts'
import { createMicrophone } from './microphone-control.ts'
import type { SessionEvent } from './realtime-session.ts'

/** A device and a connection that the test steers; what they are told is in `story`. */
function rig() {
  const story: string[] = []
  const devices: {
    answer: (result: CaptureResult) => void
    pcm: (pcm: Int16Array<ArrayBuffer>) => void
    lose: () => void
  }[] = []
  const sessions: ((event: SessionEvent) => void)[] = []
  let reading = false
  let readingChanged = (): void => undefined
  const microphone = createMicrophone({
    openCapture: (pcm, lose) => {
      const { promise, resolve } = Promise.withResolvers<CaptureResult>()
      devices.push({ answer: resolve, pcm, lose })
      return promise
    },
    openSession: (rate, onEvent) => {
      story.push(`session at ${rate}`)
      sessions.push(onEvent)
      return {
        send: pcm => void story.push(`send ${pcm.length}`),
        finish: () => void story.push('session finishes'),
        close: () => void story.push('session closed'),
      }
    },
    reading: {
      isOn: () => reading,
      subscribe: changed => {
        readingChanged = changed
        return () => undefined
      },
      stop: () => void story.push('reading stopped'),
    },
  })
  const said: string[] = []
  microphone.onUtterance(text => said.push(text))
  const granted: CaptureResult = {
    ok: true,
    capture: { rate: 24_000, close: () => void story.push('device off') },
  }
  const read = (on: boolean): void => {
    reading = on
    readingChanged()
  }
  return { microphone, story, said, devices, sessions, granted, read }
}

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('audio from before the connection is sent first', async () => {
  const { microphone, story, devices, sessions, granted } = rig()
  microphone.toggle()
  devices[0]?.pcm(new Int16Array(1))
  devices[0]?.answer(granted)
  await settled()
  devices[0]?.pcm(new Int16Array(2))
  sessions[0]?.({ type: 'ready' })
  assert.equal(microphone.state.get().kind, 'listening')
  microphone.toggle()
  assert.equal(microphone.state.get().kind, 'off')
  assert.deepEqual(story, ['session at 24000', 'send 1', 'send 2', 'device off', 'session finishes'])
})

test('turned off while the browser asks: a yes that comes then turns nothing on', async () => {
  const { microphone, story, devices, granted } = rig()
  microphone.toggle()
  microphone.turnOff()
  devices[0]?.answer(granted)
  await settled()
  assert.equal(microphone.state.get().kind, 'off')
  assert.deepEqual(story, ['device off'])
})

test('a refusal is an error, and a new try starts afresh', async () => {
  const { microphone, devices, granted } = rig()
  microphone.toggle()
  devices[0]?.answer({ ok: false, problem: { code: 'denied' } })
  await settled()
  assert.deepEqual(microphone.state.get(), { kind: 'error', problem: { code: 'denied' } })
  microphone.toggle()
  devices[1]?.answer(granted)
  await settled()
  assert.equal(microphone.state.get().kind, 'opening')
})

test('a backend that goes turns the device off; what the old connection says later is not heard', async () => {
  const { microphone, story, devices, sessions, granted } = rig()
  microphone.toggle()
  devices[0]?.answer(granted)
  await settled()
  sessions[0]?.({ type: 'fail', problem: { code: 'backend_gone' } })
  assert.equal(microphone.state.get().kind, 'error')
  assert.ok(story.includes('device off'))
  microphone.toggle()
  sessions[0]?.({ type: 'fail', problem: { code: 'backend_gone' } })
  devices[0]?.lose()
  assert.equal(microphone.state.get().kind, 'asking')
})

test('a device that is unplugged is told', async () => {
  const { microphone, devices, granted } = rig()
  const levels: number[] = []
  microphone.onLevel(level => levels.push(level))
  microphone.toggle()
  devices[0]?.answer(granted)
  await settled()
  devices[0]?.pcm(new Int16Array([20_000, -20_000]))
  devices[0]?.lose()
  assert.deepEqual(microphone.state.get(), { kind: 'error', problem: { code: 'device_lost' } })
  assert.deepEqual(levels, [1, 0])
})

test('each utterance is told once, without those that held no words', async () => {
  const { microphone, said, devices, sessions, granted } = rig()
  microphone.toggle()
  devices[0]?.answer(granted)
  await settled()
  for (const [item, text] of [
    ['a', ' Hello. '],
    ['b', ''],
  ] as const) {
    sessions[0]?.({ type: 'speech_started', item, ms: 0 })
    assert.equal(microphone.heard.get().length, 1)
    sessions[0]?.({ type: 'speech_stopped', item, ms: 900 })
    sessions[0]?.({ type: 'completed', item, text })
    assert.equal(microphone.heard.get().length, 0)
  }
  assert.deepEqual(said, ['Hello.'])
})

test('turned off in the middle of a sentence: the device is off, and its words still come', async () => {
  const { microphone, said, story, devices, sessions, granted } = rig()
  microphone.toggle()
  devices[0]?.answer(granted)
  await settled()
  sessions[0]?.({ type: 'ready' })
  sessions[0]?.({ type: 'speech_started', item: 'a', ms: 0 })
  microphone.toggle()
  assert.deepEqual(story.slice(-2), ['device off', 'session finishes'])
  sessions[0]?.({ type: 'completed', item: 'a', text: 'To the end.' })
  sessions[0]?.({ type: 'ended' })
  assert.deepEqual(said, ['To the end.'])
  assert.equal(microphone.state.get().kind, 'off')
})

test('left behind: nothing of it comes into another room', async () => {
  const { microphone, said, story, devices, sessions, granted } = rig()
  microphone.toggle()
  devices[0]?.answer(granted)
  await settled()
  sessions[0]?.({ type: 'speech_started', item: 'a', ms: 0 })
  microphone.turnOff()
  assert.deepEqual(story.slice(-2), ['device off', 'session closed'])
  assert.equal(microphone.heard.get().length, 0)
  sessions[0]?.({ type: 'completed', item: 'a', text: 'A secret.' })
  assert.deepEqual(said, [])
})

test('a word over a voice that reads is dropped, a sentence stops the voice and is taken', async () => {
  const { microphone, said, story, devices, sessions, granted, read } = rig()
  microphone.toggle()
  devices[0]?.answer(granted)
  await settled()
  read(true)
  const loud = (): void => devices[0]?.pcm(new Int16Array(2400).fill(9000))
  sessions[0]?.({ type: 'speech_started', item: 'a', ms: 0 })
  loud()
  sessions[0]?.({ type: 'speech_stopped', item: 'a', ms: 100 })
  sessions[0]?.({ type: 'completed', item: 'a', text: 'an echo' })
  assert.ok(!story.includes('reading stopped'))
  sessions[0]?.({ type: 'speech_started', item: 'b', ms: 100 })
  for (let n = 0; n < 6; n++) loud()
  assert.ok(story.includes('reading stopped'))
  read(false)
  sessions[0]?.({ type: 'speech_stopped', item: 'b', ms: 700 })
  sessions[0]?.({ type: 'completed', item: 'b', text: 'Stop, please.' })
  assert.deepEqual(said, ['Stop, please.'])
})
