import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { onLoggedOut } from '../api.ts'
import { forgetUploads, moveUploads, uploadsOf } from './room-uploads.ts'

/** As far as it is used; a test answers. */
class Request extends EventTarget {
  readonly upload = new EventTarget()
  url = ''
  status = 0
  responseText = ''
  type = ''

  open(_method: string, url: string): void {
    this.url = url
    requests.push(this)
  }
  setRequestHeader(): void {}
  send(): void {}
  abort(): void {}
  getResponseHeader(): string {
    return this.type
  }
  answer(status: number, responseText: string, type = 'application/json'): void {
    Object.assign(this, { status, responseText, type })
    this.dispatchEvent(new Event('load'))
  }
}

let requests: Request[] = []
beforeEach(() => {
  requests = []
  Object.assign(globalThis, { XMLHttpRequest: Request })
})
afterEach(() => {
  forgetUploads()
  Reflect.deleteProperty(globalThis, 'XMLHttpRequest')
})

const file = new File(['x'], 'a.txt', { type: 'text/plain' })

test('an answer that broke off is a failure that can be tried again', async () => {
  const uploads = uploadsOf('ann', 'kitchen')
  uploads.add([file])
  requests[0]?.answer(201, '{"id":')
  await new Promise(setImmediate)
  assert.equal(uploads.store.get()[0]?.state.type, 'failed')
  uploads.retry(uploads.store.get()[0]?.key ?? 0)
  requests[1]?.answer(503, '{"title', 'application/problem+json')
  await new Promise(setImmediate)
  assert.equal(uploads.store.get()[0]?.state.type, 'failed')
})

test('a login that is over is told to the page', async () => {
  let told = 0
  const end = onLoggedOut(() => told++)
  uploadsOf('ann', 'kitchen').add([file])
  requests[0]?.answer(
    401,
    '{"code":"not_logged_in","title":"log in","status":401}',
    'application/problem+json',
  )
  await new Promise(setImmediate)
  end()
  assert.equal(told, 1)
})

test('files go along with a room that is renamed, and are sent there', () => {
  const uploads = uploadsOf('ann', 'kitchen')
  uploads.add([file, file, file])
  moveUploads('ann', 'kitchen', 'hall')
  moveUploads('ann', 'kitchen', 'hall')
  assert.equal(uploadsOf('ann', 'hall'), uploads)
  assert.equal(uploadsOf('ann', 'kitchen').store.get().length, 0)
  uploads.remove(uploads.store.get()[0]?.key ?? 0)
  assert.match(requests.at(-1)?.url ?? '', /rooms\/hall\/files/)
})

test('who logs in finds their own files, and nobody else’s', () => {
  uploadsOf('ann', 'kitchen').add([file])
  assert.equal(uploadsOf('bob', 'kitchen').store.get().length, 0)
  forgetUploads('ann')
  assert.equal(uploadsOf('ann', 'kitchen').store.get().length, 1)
  forgetUploads()
  assert.equal(uploadsOf('ann', 'kitchen').store.get().length, 0)
})
