import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { moonshine } from '../../services/engines/stt/moonshine.ts'

/**
 * Our speech-to-text engine without core, portal and channel: its own code, called in this process. Arguments: the model's
 * files as JSON, threads, a recording.
 */
const [files = '{}', threads = '1', recording = ''] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'courante-direct-'))
copyFileSync(recording, join(folder, 'a.wav'))
const model = await moonshine.load({
  model: {
    id: 'moonshine',
    engine: 'moonshine',
    files: JSON.parse(files) as Record<string, string>,
    settings: {},
  },
  threads: Number(threads),
  gpu: false,
  env: process.env,
  onProgress: () => undefined,
})
process.on('message', ({ id }: { id: number }) => {
  const began = performance.now()
  void model
    .run({
      request: { kind: 'transcribe', file: 'a.wav' },
      folder,
      out: folder,
      socket: '',
      signal: new AbortController().signal,
      say: () => undefined,
      listening: () => undefined,
      heard: async () => undefined,
    })
    .then(() => process.send?.({ id, totalMs: performance.now() - began }))
})
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})
process.send?.('ready')
