import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { Card } from './card.ts'

/** As whisper-server 1.9.1 prints them; those of a card by its sources, since none was here. */
const shared = [
  'whisper_init_state: kv self size  =    3.15 MB',
  'whisper_init_state: compute buffer (decode) =   95.91 MB',
]

test('the card and what is taken of it are read from what the server prints', () => {
  const card = new Card()
  const lines = [
    'whisper_model_load:        CUDA0 total size =    77.11 MB',
    'whisper_model_load: model size    =   77.11 MB',
    'whisper_backend_init_gpu: device 0: CUDA0 (type: 1)',
    'whisper_backend_init_gpu: using CUDA0 backend',
    ...shared,
  ]
  for (const line of lines) card.hear(line)
  deepEqual([card.name, Math.round(card.bytes / 1e4)], ['CUDA0', 17_617])
})

test('without a card there is none', () => {
  const card = new Card()
  for (const line of [
    'whisper_model_load:          CPU total size =    77.11 MB',
    'whisper_backend_init_gpu: no GPU found',
  ])
    card.hear(line)
  deepEqual([card.name, card.bytes], [undefined, 0])
})
