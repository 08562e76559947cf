import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { HashJob } from './hasher.ts'

const { path, algorithm, bytes, front: shared } = workerData as HashJob
const front = new BigInt64Array(shared)
const hash = createHash(algorithm)
const buffer = Buffer.allocUnsafe(512 * 1024)
const file = openSync(path, 'r')
for (let at = 0; at < bytes;) {
  const whole = Atomics.load(front, 0)
  if (whole <= at) {
    Atomics.wait(front, 0, whole)
    continue
  }
  const read = readSync(file, buffer, 0, Math.min(buffer.length, Number(whole) - at), at)
  if (read === 0) throw new Error(`${path} is shorter than it was`)
  hash.update(buffer.subarray(0, read))
  at += read
}
closeSync(file)
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has no origin
parentPort?.postMessage(hash.digest())
