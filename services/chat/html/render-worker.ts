import { parentPort } from 'node:worker_threads'
import { messageHtml } from './html.ts'
import type { Said } from './plain.ts'

/** Answers come in the order of the messages. */
export type ToWorker = Said
export type FromWorker = 'ready' | { readonly html: string }

const port = parentPort
if (port === null) throw new Error('this is the thread of renderer.ts')
port.on('message', (said: ToWorker) => port.postMessage({ html: messageHtml(said) } satisfies FromWorker))
port.postMessage('ready' satisfies FromWorker)
