import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engineEnv } from './engine-env.ts'

const env = { PATH: '/bin', FAR: 'f', OTHER: 'o' }
const model = (engine: string, keyEnv?: string) => ({
  engine,
  settings: keyEnv === undefined ? {} : { keyEnv },
})
const models = [model('diffusion'), model('remote', 'FAR'), model('remote', 'OTHER'), model('remote', 'FAR')]

test("an engine gets its own endpoint's key, and no other's", () => {
  assert.deepEqual(engineEnv(env, model('diffusion'), models), { PATH: '/bin' })
  assert.deepEqual(engineEnv(env, model('remote', 'FAR'), models), { PATH: '/bin', FAR: 'f' })
})

test("an engine in Python, which is the user's own, gets all of them", () => {
  assert.deepEqual(engineEnv(env, model('python'), models), env)
})
