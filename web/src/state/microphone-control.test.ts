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
        close: () => void story.push('session closed'),
      }
    },
  })
  const granted: CaptureResult = {
    ok: true,
    capture: { rate: 24_000, close: () => void story.push('device off') },
  }
  return { microphone, story, devices, sessions, granted }
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
  assert.deepEqual(story, ['session at 24000', 'send 1', 'send 2', 'device off', 'session closed'])
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
